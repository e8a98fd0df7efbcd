"""Proves one lower bound on the distortion of a preference-alignment method.

Needs Python 3.11 only; prints `proved: ...` (status 0) or `not proved` (status 1). The claim, for
the instance in CERTIFICATE: max U > 0, and max U >= D * U(pi) for every (or for some) policy pi
that the method allows. Users of weight w_k and utilities u_k prefer x to y with probability
1/2 + h(beta (u_k(x)-u_k(y))), h(t) = 1/(1+e^-t) - 1/2. N(x, y) is the law of the pair asked,
A(x, y) = p(x beats y) - 1/2 among those who are asked, U(x) = sum_k w_k u_k(x). With a reference,
KL(pi|reference) <= tau (kl_budget). All numbers are rational, or intervals with rational ends.
Work is counted, more for longer numbers; nothing that takes more than WORK units is proved.
"""

import json
import math
import re
import sys
from contextlib import suppress
from fractions import Fraction
from functools import reduce
from itertools import combinations

CERTIFICATE = r"""{}"""
WORK = 2_000_000  # units, of at most 20 microseconds on a usual machine
NUMBER = re.compile(r"-?[0-9]+(?:/[0-9]+|(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?)")


class Interval:
    """All numbers from `low` to `high`, which are rounded outward to `bits` significant bits."""

    bits, work = 128, 0

    def __init__(self, low, high):
        self.low, self.high = down(Fraction(low)), -down(Fraction(-high))

    def __add__(self, other):
        other = interval(other)
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other):
        return self + interval(other) * -1

    def __mul__(self, other):
        other = interval(other)
        ends = [x * y for x in (self.low, self.high) for y in (other.low, other.high)]
        return Interval(min(ends), max(ends))


def interval(value):
    return value if isinstance(value, Interval) else Interval(value, value)


def down(x):
    """The largest number of Interval.bits significant bits that is at most x."""
    n, d = spend(x).as_integer_ratio()
    shift = Interval.bits + d.bit_length() - n.bit_length()
    if shift < 0:
        return Fraction((n // (d << -shift)) << -shift)
    return Fraction((n << shift) // d, 1 << shift)


def spend(x):
    """Counts the work on a number; it grows as the square of the length."""
    Interval.work += 1 + (x.numerator.bit_length() + x.denominator.bit_length() >> 11) ** 2
    require(Interval.work <= WORK)
    return x


def require(condition):
    if not condition:
        raise ValueError("refused")


def exact(values):
    """A sum of rationals."""
    return reduce(lambda result, value: spend(result + value), values, Fraction(0))


def total(values):
    return sum(values, interval(0))


def increasing(point):
    """Extends an increasing function of rationals to intervals."""
    return lambda x: Interval(point(interval(x).low).low, point(interval(x).high).high)


def series(first, x, coefficient):
    """The sum of t_0 = first and t_k = t_(k-1) x a/b, a/b = coefficient(k) <= 1, |x a/b| <= 1/2.

    In integers of unit 2^-scale: as errors are halved in each step and at most 2 are added, each
    term is off by at most 4. At the end |t_k| <= 12, and so is the sum of what is left out.
    """
    if not first:
        return interval(0)
    guarded = Interval.bits + 32
    scale = guarded + first.denominator.bit_length() - first.numerator.bit_length()
    scaled, term = x * 2 ** (guarded + 8) // 1, first * Fraction(2) ** scale // 1
    k, result = 0, term
    while abs(term) > 8:
        k += 1
        a, b = coefficient(k)
        term = term * scaled * a // (b << guarded + 8)
        result += term
    error = 4 * k + 16
    return Interval(result - error, result + error) * (Fraction(2) ** -scale)


@increasing
def exp(x):
    """For x <= 0; halved until it is at most 1/64 in size."""
    if x < -20_000:
        return Interval(0, exp(-20_000).high)
    halvings = max(0, 7 + x.numerator.bit_length() - x.denominator.bit_length())
    result = series(Fraction(1), x / 2**halvings, lambda k: (1, k))
    for _ in range(halvings):
        result *= result
    return result


@increasing
def h(t):
    """The same as m / (4 - 2m), m = 1 - e^-|t|, which has a series of its own where t is small."""
    size = abs(t)
    m = series(size, -size, lambda k: (1, k + 1)) if 64 * size < 1 else interval(1) - exp(-size)
    return Interval(m.low / (4 - 2 * m.low), m.high / (4 - 2 * m.high)) * (1 if t > 0 else -1)


@increasing
def log(x):
    """With x = 2^n f, 1/2 < f < 2, z = (f-1)/(f+1): n log 2 + 2 artanh z, log 2 = 2 artanh 1/3."""
    if x <= 0:
        raise ArithmeticError  # the interval is too wide
    twos = x.numerator.bit_length() - x.denominator.bit_length()
    f = x / Fraction(2) ** twos
    parts = [((f - 1) / (f + 1), 2), (Fraction(1, 3), 2 * twos)]
    return total(series(z, z * z, lambda k: (2 * k - 1, 2 * k + 1)) * n for z, n in parts)


def unique(pairs):
    """An object, none of whose fields is there twice."""
    require(len(dict(pairs)) == len(pairs))
    return dict(pairs)


def fields(value, names):
    """The entries of an object that has these fields and no others."""
    require(isinstance(value, dict) and value.keys() == set(names.split()))
    return [value[name] for name in names.split()]


def items(value, low, high):
    require(isinstance(value, list) and low <= len(value) <= high)
    return value


def number(text, low=0.0, high=math.inf):
    """A decimal or a fraction a/b."""
    match = NUMBER.fullmatch(text)
    require(match and len(text) <= 4000 and abs(int(match[1] or 0)) <= 5000)
    value = spend(Fraction(text))
    require(low <= value <= high)
    return value


def weights(values):
    """The positive ones by position, divided by their total."""
    whole = exact(values)
    require(whole > 0)
    return {i: value / whole for i, value in enumerate(values) if value}


def add(formal, other, factor):
    """Adds factor * other to a formal sum; h is odd, and no entry is 0."""
    for d, a in other.items():
        a = exact([formal.pop(abs(d), 0), factor * (a if d > 0 else -a)])
        if d and a:
            formal[abs(d)] = a


class Certificate:
    """The instance, exactly, with claim and witness; alternatives are numbered from 0."""

    def __init__(self, file):
        self.names, beta, users, law, reference, method, claim, self.witness = fields(
            file, "alternatives beta users sampling reference method claim witness"
        )
        self.method, parameters = fields(method, "name parameters")
        bound, policies = fields(claim, "distortion_at_least policies")
        require(parameters == {} and isinstance(self.witness, dict))
        require(policies == "some" or (policies == "every" and "chosen" not in self.witness))
        m, count = len(items(self.names, 2, 256)), len(items(users, 1, 1024))
        require(all(isinstance(name, str) and name for name in self.names))
        require(len(set(self.names)) == m and m * m * count <= 2**20)
        self.all, self.beta, self.bound = range(m), number(beta, 0, 10_000), number(bound)
        require(self.beta > 0 and self.bound > 0)
        users = [fields(user, "weight utilities") for user in users]
        utilities = [self.numbers(row, 0, 1) for _, row in users]
        self.common = law["kind"] != "user-dependent"
        laws = [law] if self.common else items(fields(law, "kind laws")[1], count, count)
        laws = [self.law(own) for own in laws] * (count if self.common else 1)
        kinds = weights([number(weight) for weight, _ in users])
        types = self.types = [(share, utilities[k], laws[k]) for k, share in kinds.items()]
        self.mean = [exact(w * u[x] for w, u, _ in types) for x in self.all]
        self.asked = [[exact(w * n(x, y) for w, _, n in types) for y in self.all] for x in self.all]
        self.margins = [[self.margin(x, y) for y in self.all] for x in self.all]
        self.draw = weights(self.numbers(law["weights"])) if law["kind"] == "independent" else {}
        self.rows = [self.draw or (weights(row) if any(row) else {}) for row in self.asked]
        setting, prior, self.budget = "social choice", ["1"] * m, None
        if reference is not None:
            prior, tau = fields(reference, "weights kl_budget")
            setting, self.budget = f"KL budget {tau}", number(tau)
        self.reference = weights(self.numbers(prior))
        self.confined = reference and self.method in ("dpo", "ipo", "nlhf", "rlhf")
        scope = f"{policies} policy; beta = {beta}, {setting}, {law['kind']} law, m = {m}"
        self.text = f"{self.method} distortion >= {bound} ({scope})"

    def numbers(self, entries, low=0.0, high=math.inf):
        """One for each alternative."""
        return [number(entry, low, high) for entry in items(entries, len(self.all), len(self.all))]

    def law(self, law):
        """N(x, y) for ordered pairs."""
        kind, entries = fields(law, "kind weights")
        if kind == "independent":
            draw = weights(self.numbers(entries))
            return lambda x, y: draw.get(x, 0) * draw.get(y, 0)
        each = weights([number(items(entry, 3, 3)[2]) for entry in items(entries, 1, 2**16)])
        pairs = [frozenset(map(self.names.index, entry[:2])) for entry in entries]
        require(kind == "pairs" and len(set(pairs)) == len(pairs) and min(map(len, pairs)) == 2)
        table = {pairs[i]: share / 2 for i, share in each.items()}
        return lambda x, y: table.get(frozenset((x, y)), 0)

    def margin(self, x, y):
        """A(x, y) as a formal sum: d -> a_d stands for the sum of a_d h(beta d)."""
        result = {}
        for share, u, law in self.types:
            if not self.common:
                share *= law(x, y) / (self.asked[x][y] or Fraction(1))
            add(result, {u[x] - u[y]: share}, 1)
        return result

    def lead(self, x, policy):
        """(A policy)_x as a formal sum; the Borda score - 1/2 where `policy` is the row of x."""
        result = {}
        for y, weight in policy.items():
            add(result, self.margins[x][y], weight)
        return result

    def value(self, formal):
        return total(h(self.beta * d) * a for d, a in formal.items())

    def policy(self, name, inside):
        """A policy on the support; it lies `inside` the ball if what `needs` gets is >= 0."""
        result = weights(self.numbers(self.rest.pop(name)))
        require(result.keys() <= self.reference.keys())
        if inside:
            divergence = total(log(p / self.reference[x]) * p for x, p in result.items())
            self.needs.append(interval(self.budget) - divergence)
        return result

    def utility(self, policy):
        return exact(self.mean[x] * p for x, p in policy.items())

    def dual(self, lead):
        """Bounds U(pi) if <lead, pi> >= 0: with s >= 0, eta > 0 and g = U + s lead,
        U(pi) <= max g, and in the ball U(pi) <= eta log E_reference e^(g/eta) + eta tau.
        """
        s = number(self.rest.pop("multiplier"))
        g = {x: lead[x] * s + self.mean[x] for x in self.reference if x in lead}
        top = max(v.high for v in g.values())
        if not self.confined or "smoothing" not in self.rest:
            return Interval(max(v.low for v in g.values()), top)
        eta = number(self.rest.pop("smoothing"))
        require(eta > 0)
        mean = total(exp((v - top) * (1 / eta)) * self.reference[x] for x, v in g.items())
        return (log(mean) + self.budget) * eta + top

    def maximised(self, score):
        """An allowed policy maximises the score, on the support or in the ball: so as the anchor.

        Only for Borda may an alternative of the support be without a score.
        """
        anchor = self.policy("anchor", self.confined)
        require(score.keys() >= (anchor if self.method == "borda" else self.reference).keys())
        pairs = anchor.items()
        lead = {x: total((score[x] - score[y]) * p for y, p in pairs if y != x) for x in score}
        return self.dual(lead)

    def game(self):
        """An allowed pi has p(pi beats opponent) >= 1/2."""
        opponent = self.policy("opponent", self.confined)
        return self.dual({x: self.value(self.lead(x, opponent)) for x in self.reference})

    def borda(self):
        """The score is BC - 1/2, for the alternatives that have one."""
        rows = [(x, row) for x, row in enumerate(self.rows) if row]
        return self.maximised({x: self.value(self.lead(x, row)) for x, row in rows})

    def copeland(self):
        return self.maximised(self.victories())

    def reward(self):
        """The score is r, which solves E_x(r) = sum_y N(x,y) (h(r_x-r_y) - A(x,y)) / N(x) = 0.

        E_x rises with r_x and falls with the other r_y, and the pairs asked connect what is ranked:
        if E(a) >= 0 >= E(b), except at one entry where a, b and r are the same, then b <= r <= a.
        """
        inside = {min(self.reference)}
        for _ in self.all:
            inside |= {y for x in inside for y in self.all if self.asked[x][y]}
        above, below = (self.numbers(self.rest.pop(n), -math.inf) for n in ("above", "below"))
        pins = [x for x in inside if above[x] == below[x]]
        require(inside >= self.reference.keys() and pins)
        for x in inside - {pins[0]}:
            lead = self.value(self.lead(x, self.rows[x]))  # A(x, x) = 0
            for r, sign in ((above, 1), (below, -1)):
                pull = total(h(r[x] - r[y]) * n for y, n in self.rows[x].items())
                self.needs.append((pull - lead) * sign)
        return self.maximised({x: Interval(below[x], above[x]) for x in inside})

    def victories(self):
        """The Copeland scores of the support: 1 for a majority, 1/2 for a tie."""
        score = {x: interval(0) for x in self.reference}
        for x, y in combinations(self.reference, 2):
            margin, won = self.value(self.margins[x][y]), Interval(0, 1)
            if not self.margins[x][y]:
                won = interval(Fraction(1, 2))
            elif margin.low > 0 or margin.high < 0:
                won = interval(int(margin.low > 0))
            score[x], score[y] = score[x] + won, score[y] + 1 - won
        return score

    def tied_game(self):
        """The policy `chosen` is allowed, as no alternative beats it."""
        chosen = self.policy("chosen", self.confined)
        self.needs += [self.value(self.lead(x, chosen)) * -1 for x in self.reference]
        return self.utility(chosen)

    def tied_copeland(self):
        """The policy `chosen` lives on the highest scores."""
        chosen, score = self.policy("chosen", False), self.victories()
        self.needs += [score[x] - score[y] for x in chosen for y in self.reference if y != x]
        return self.utility(chosen)

    def tied_borda(self):
        """The policy `chosen` lives on alternatives whose Borda scores are formally the highest.

        Under an independent law the reward orders and ties alternatives as the Borda score does.
        """
        chosen = self.policy("chosen", self.confined)
        require(self.draw.keys() >= self.reference.keys() or self.method in ("borda", "ipo"))
        require(all(self.rows[x] for x in (chosen if self.method == "borda" else self.reference)))
        winner = min(chosen)
        for x in self.reference:
            if self.rows[x]:
                excess = self.lead(x, self.rows[x])
                add(excess, self.lead(winner, self.rows[winner]), -1)
                require(x not in chosen or not excess)
                self.needs.append(self.value(excess) * -1)
        return self.utility(chosen)

    def attempt(self):
        """Whether this precision proves the claim; what no precision can prove is refused."""
        self.needs, self.rest = [], dict(self.witness)
        best, rule = max(self.mean), RULES[self.method]["chosen" in self.rest]
        if self.budget is not None:
            best = self.utility(self.policy("optimum", True))
        self.needs.append(interval(rule(self)) * -self.bound + best)
        require(best > 0 and not self.rest and all(need.high >= 0 for need in self.needs))
        return all(need.low >= 0 for need in self.needs)


RULES = {  # by method: for a witness without and with a `chosen` policy
    "borda": (Certificate.borda, Certificate.tied_borda),
    "copeland": (Certificate.copeland, Certificate.tied_copeland),
    "dpo": (Certificate.reward, Certificate.tied_borda),
    "ipo": (Certificate.borda, Certificate.tied_borda),
    "maximal-lotteries": (Certificate.game, Certificate.tied_game),
    "nlhf": (Certificate.game, Certificate.tied_game),
    "rlhf": (Certificate.reward, Certificate.tied_borda),
}


def proved(text, precisions=(128, 256, 512, 1024, 2048, 4096)):
    """The claim in words, if interval arithmetic of some precision proves it; otherwise None."""
    Interval.work = 0
    try:
        certificate = Certificate(json.loads(text, object_pairs_hook=unique))
        for Interval.bits in precisions:
            with suppress(ArithmeticError):
                if certificate.attempt():
                    return certificate.text
    except Exception:  # no certificate at all, or too much work
        return None
    return None


if __name__ == "__main__":
    claim = proved(CERTIFICATE)
    sys.stdout.write(f"proved: {claim}\n" if claim else "not proved\n")
    sys.exit(not claim)
