"""Proves one lower bound on the distortion of a preference-alignment method.

Needs Python 3.11 only; prints `proved: ...` (status 0) or `not proved` (status 1). The claim, for
the instance in CERTIFICATE: max U > 0, and max U >= D * U(pi) for every (or for some) policy pi
that the method allows. Users of weight w_k and utilities u_k prefer x to y with probability
1/2 + h(beta (u_k(x)-u_k(y))), h(t) = 1/(1+e^-t) - 1/2. N(x, y) is the law of the pair asked,
A(x, y) = p(x beats y) - 1/2 among those who are asked, U(x) = sum_k w_k u_k(x). With a reference,
KL(pi|reference) <= tau (kl_budget). All numbers are rational, or intervals with rational ends.
"""

import json
import sys
from fractions import Fraction

CERTIFICATE = json.loads(r"""{}""")


class Interval:
    """All numbers from `low` to `high`, which are rounded outward to `bits` significant bits."""

    bits = 128

    def __init__(self, low, high):
        self.low, self.high = down(Fraction(low)), -down(Fraction(-high))

    def __add__(self, other):
        other = interval(other)
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

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
    scale = Fraction(2) ** (Interval.bits + x.denominator.bit_length() - x.numerator.bit_length())
    return (x * scale // 1) / scale


def total(values):
    return sum(values, interval(0))


def increasing(point):
    """Extends an increasing function of rationals to intervals."""
    return lambda x: Interval(point(interval(x).low).low, point(interval(x).high).high)


def series(first, ratio):
    """A sum of terms, term k being ratio(k) times the one before, whose tail is below each term."""
    k, term, result = 0, interval(first), interval(first)
    while max(abs(term.low), abs(term.high)) * 2**Interval.bits > 1:
        k += 1
        term *= ratio(k)
        result += term
    return result + term * Interval(-1, 1)


def require(condition):
    if not condition:
        raise ArithmeticError


@increasing
def exp(x):
    """For x <= 0; the Taylor series alternates and decreases on [-1/64, 0]."""
    if x < -20_000:
        return Interval(Fraction(0), exp(-20_000).high)
    halvings = max(0, 7 + x.numerator.bit_length() - x.denominator.bit_length())
    result = series(1, lambda k: x / 2**halvings / k)
    for _ in range(halvings):
        result *= result
    return result


@increasing
def log(x):
    """With x = 2^n f, 1/2 < f < 2, z = (f-1)/(f+1): n log 2 + 2 artanh z, ratios of at most 1/9."""
    require(x > 0)
    twos = x.numerator.bit_length() - x.denominator.bit_length()
    f = x / Fraction(2) ** twos
    parts = [((f - 1) / (f + 1), 2), (Fraction(1, 3), 2 * twos)]
    odd = [series(z, lambda k, z=z: z * z * (2 * k - 1) / (2 * k + 1)) * n for z, n in parts if n]
    return total(odd)


@increasing
def h(t):
    power = exp(-abs(t))
    larger = Interval(1 / (1 + power.high), 1 / (1 + power.low)) - Fraction(1, 2)
    return larger * (1 if t > 0 else -1)


def weights(entries):
    values = [Fraction(entry) for entry in entries]
    require(min(values) >= 0 and sum(values) > 0)
    return [value / sum(values) for value in values]


class Problem:
    """The instance, exactly; alternatives are numbered from 0."""

    def __init__(self, file):
        self.names, law, reference = file["alternatives"], file["sampling"], file["reference"]
        self.beta, self.method = Fraction(file["beta"]), file["method"]["name"]
        self.all = range(len(self.names))
        users = [[Fraction(u) for u in user["utilities"]] for user in file["users"]]
        require(self.beta > 0 and all(0 <= u <= 1 for row in users for u in row))
        shares = weights(user["weight"] for user in file["users"])
        laws = [self.ordered(n) for n in law.get("laws") or [law] * len(users)]
        self.types, self.common = list(zip(shares, users, laws, strict=True)), "laws" not in law
        self.mean = [sum(w * u[x] for w, u, _ in self.types) for x in self.all]
        self.asked = self.table(lambda x, y: sum(w * n[x][y] for w, _, n in self.types))
        self.margins = self.table(self.margin)
        self.draw = weights(law["weights"]) if law["kind"] == "independent" else None
        self.rows = [self.draw or (any(r) and [n / sum(r) for n in r]) for r in self.asked]
        self.reference = weights(reference["weights"] if reference else [1 for _ in self.all])
        self.budget = Fraction(reference["kl_budget"]) if reference else None
        self.confined = reference and self.method in ("dpo", "ipo", "nlhf", "rlhf")
        self.support = [x for x in self.all if self.reference[x] > 0]

    def table(self, entry):
        return [[entry(x, y) for y in self.all] for x in self.all]

    def ordered(self, law):
        """N(x, y) for all ordered pairs."""
        if law["kind"] == "independent":
            draw = weights(law["weights"])
            return [[p * q for q in draw] for p in draw]
        table = self.table(lambda x, y: Fraction(0))
        shares = weights(weight for _, _, weight in law["weights"])
        for share, pair in zip(shares, law["weights"], strict=True):
            x, y = (self.names.index(name) for name in pair[:2])
            table[x][y] = table[y][x] = share / 2
        return table

    def margin(self, x, y):
        """A(x, y) as a formal sum: d -> a_d stands for the sum of a_d h(beta d)."""
        result, asked = {}, self.asked[x][y]
        for share, u, law in self.types:
            if not self.common:
                share = share * law[x][y] / asked if asked else Fraction(0)
            add(result, {u[x] - u[y]: share}, 1)
        return result

    def lead(self, x, policy):
        """(A policy)_x as a formal sum; the Borda score - 1/2 where `policy` is the row of x."""
        result = {}
        for y, weight in enumerate(policy):
            add(result, self.margins[x][y], weight)
        return result

    def value(self, formal):
        return total(h(self.beta * d) * a for d, a in formal.items())


def add(formal, other, factor):
    """Adds factor * other to a formal sum; h is odd, and no entry is 0."""
    for d, a in other.items():
        a = formal.pop(abs(d), 0) + factor * (a if d > 0 else -a)
        if d and a:
            formal[abs(d)] = a


def policy(problem, entry, needs, inside):
    """A policy on the support; it lies `inside` the ball if what `needs` gets is at least 0."""
    result = {x: p for x, p in enumerate(weights(entry)) if p}
    require(result.keys() <= set(problem.support))
    if inside:
        divergence = total(log(p / problem.reference[x]) * p for x, p in result.items())
        needs.append(interval(problem.budget) - divergence)
    return result


def expectation(weight, values):
    return sum(values[x] * p for x, p in weight.items())


def dual(problem, witness, score, floor):
    """Bounds U(pi) if <score, pi> >= floor: with s >= 0, eta > 0 and g = U + s (score - floor),
    U(pi) <= max g, and in the ball U(pi) <= eta log E_reference e^(g/eta) + eta tau.
    """
    s, eta = (Fraction(witness.get(name, 1)) for name in ("multiplier", "smoothing"))
    require(s >= 0 and eta > 0)
    g = {x: (score[x] - floor) * s + problem.mean[x] for x in problem.support if x in score}
    if not problem.confined or "smoothing" not in witness:
        return Interval(max(v.low for v in g.values()), max(v.high for v in g.values()))
    top = max(v.high for v in g.values())
    mean = total(exp((v - top) * (1 / eta)) * problem.reference[x] for x, v in g.items())
    return (log(mean) + problem.budget) * eta + top


def maximised(problem, witness, needs, score):
    """An allowed policy maximises the score on the support, or in the ball: so do as the anchor."""
    anchor = policy(problem, witness["anchor"], needs, problem.confined)
    require(score.keys() >= (set(problem.support) if problem.confined else anchor.keys()))
    return dual(problem, witness, score, expectation(anchor, score))


def game(problem, witness, needs):
    """An allowed pi has p(pi beats opponent) >= 1/2."""
    policy(problem, witness["opponent"], needs, problem.confined)
    opponent = weights(witness["opponent"])
    score = {x: problem.value(problem.lead(x, opponent)) for x in problem.support}
    return dual(problem, witness, score, 0)


def borda(problem, witness, needs):
    """The score is BC - 1/2, for the alternatives that have one."""
    rows = {x: row for x, row in enumerate(problem.rows) if row}
    score = {x: problem.value(problem.lead(x, row)) for x, row in rows.items()}
    return maximised(problem, witness, needs, score)


def copeland(problem, witness, needs):
    return maximised(problem, witness, needs, victories(problem))


def reward(problem, witness, needs):
    """The score is r, which solves E_x(r) = sum_y N(x,y) (h(r_x-r_y) - A(x,y)) / N(x) = 0.

    E_x rises with r_x and falls with the other r_y, and the pairs asked connect all that is ranked:
    if E(a) >= 0 >= E(b), except at one entry where a, b and r are the same, then b <= r <= a.
    """
    inside = {problem.support[0]}
    for _ in problem.all:
        inside |= {y for x in inside for y in problem.all if problem.asked[x][y]}
    above, below = ([Fraction(r) for r in witness[name]] for name in ("above", "below"))
    pins = [x for x in inside if above[x] == below[x]]
    require(set(problem.support) <= inside and pins)
    for x in inside - {pins[0]}:
        lead = problem.value(problem.lead(x, problem.rows[x]))  # A(x, x) = 0
        for r, sign in ((above, 1), (below, -1)):
            pull = total(h(r[x] - r[y]) * n for y, n in enumerate(problem.rows[x]) if n)
            needs.append((pull - lead) * sign)
    return maximised(problem, witness, needs, {x: Interval(below[x], above[x]) for x in inside})


def victories(problem):
    """The Copeland scores of the support: 1 for a majority, 1/2 for a tie."""
    score = {x: interval(0) for x in problem.support}
    for x in problem.support:
        for y in problem.support:
            margin = problem.value(problem.margins[x][y])
            won = Interval(0, 1)
            if not problem.margins[x][y]:
                won = interval(Fraction(1, 2))
            elif margin.low > 0 or margin.high < 0:
                won = interval(int(margin.low > 0))
            score[x] += won
    return score


def tied_game(problem, witness, needs):
    """The policy `chosen` is allowed, as no alternative beats it."""
    chosen = policy(problem, witness["chosen"], needs, problem.confined)
    for x in problem.support:
        lead = problem.lead(x, weights(witness["chosen"]))
        needs.append(interval(0) - problem.value(lead))
    return expectation(chosen, problem.mean)


def tied_copeland(problem, witness, needs):
    """The policy `chosen` lives on the highest scores."""
    chosen = policy(problem, witness["chosen"], needs, False)
    score = victories(problem)
    needs += [score[x] - score[y] for x in chosen for y in problem.support if y != x]
    return expectation(chosen, problem.mean)


def tied_borda(problem, witness, needs):
    """The policy `chosen` lives on alternatives whose Borda scores are formally the highest.

    Under an independent law the reward orders and ties the alternatives as the Borda score does.
    """
    chosen = policy(problem, witness["chosen"], needs, problem.confined)
    drawn = problem.draw and all(problem.draw[x] for x in problem.support)
    require(drawn or problem.method in ("borda", "ipo"))
    winner = min(chosen)
    require(all(problem.rows[x] for x in (problem.support if problem.confined else chosen)))
    for x in problem.support:
        if problem.rows[x]:
            excess = problem.lead(x, problem.rows[x])
            add(excess, problem.lead(winner, problem.rows[winner]), -1)
            require(x not in chosen or not excess)
            needs.append(interval(0) - problem.value(excess))
    return expectation(chosen, problem.mean)


def proved(file, rule, precisions=(128, 256, 512, 1024, 2048, 4096)):
    """Whether interval arithmetic of some precision proves the claim."""
    claim, witness = file["claim"], file["witness"]
    for Interval.bits in precisions:
        try:
            problem, needs = Problem(file), []
            require(claim["policies"] == "some" or "chosen" not in witness)
            best = max(problem.mean)
            if problem.budget is not None:
                best = expectation(policy(problem, witness["optimum"], needs, True), problem.mean)
            worst = rule(problem, witness, needs)
        except (ArithmeticError, LookupError, ValueError):  # no certificate, or too wide
            continue
        needs.append(worst * -Fraction(claim["distortion_at_least"]) + best)
        if interval(best).low > 0 and all(interval(value).low >= 0 for value in needs):
            return True
        if any(interval(value).high < 0 for value in needs):
            return False
    return False


if __name__ == "__main__":
    claim, holds = CERTIFICATE["claim"], proved(CERTIFICATE, borda)
    text = f"{CERTIFICATE['method']['name']} distortion >= {claim['distortion_at_least']}"
    sys.stdout.write(f"proved: {text} ({claim['policies']} policy)\n" if holds else "not proved\n")
    sys.exit(not holds)
