#!/usr/bin/env python3
"""An independent oracle for orders, cycles, invoices and balances.

Written from docs/billing.md, in another language and on another time zone
library than the program it judges. Python >= 3.9, standard library only.

    ledger.py --write FILE [--seed S] [--cases N]   write N cases, one JSON object a line
    ledger.py --check [FILE]                        self tests; then recompute FILE

Exit code: 0 all equal, 1 a difference or a failed self test.

A case is one customer with some offers, whose `steps` happen one after the
other; everything that falls due is worked at its own instant, ties by the
number of the order. Instants are whole seconds since 1970, UTC; amounts are
minor units.

zone, currency, offers       what is sold
start, steps, until          what happens: [instant, verb, arguments...]
refused                      for each step, whether the box must refuse it (409)
invoices                     [number, kind, order, cycle, from, to, issued, net, tax]
orders                       [status, next, expires, status of its services]
balance, customer            minor units; status
"""

import argparse
import json
import os
import sys
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import terms  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "..", "it", "data", "ledger.jsonl")
DAY = 86_400
# The box under test stands here when it starts.
BOX_START = 1_769_853_600  # 2026-01-31T10:00:00Z
DECIMALS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham",
         "Asia/Kathmandu", "America/St_Johns")


# ---------------------------------------------------------------- money and time

def rounded(value):
    """To a whole number, half away from zero."""
    value = Fraction(value)
    whole = (abs(value) * 2 + 1) // 2
    return int(whole) if value >= 0 else -int(whole)


def line(charge, on):
    """(net, tax) of one charge for a cycle that starts on the local day `on`."""
    rate = Fraction(charge["rate"])
    for since, dated in charge.get("dated", []):
        if since <= on:
            rate = Fraction(dated)
    amount = charge["amount"]
    if charge["included"]:
        tax = rounded(amount * rate / (100 + rate))
        return amount - tax, tax
    return amount, rounded(amount * rate / 100)


def part_of(lines, part, whole):
    """What a credit note over a part of lines [net, tax, by day] gives back of each, negative; None where that is
    nothing. Each line is rounded by itself; what the sums are more or less goes to the last of the lines
    with the most tax."""
    def share(minor):
        return rounded(Fraction(-minor * part, whole))
    gross = share(sum(net + tax for net, tax, _ in lines))
    if whole <= 0 or part <= 0 or gross == 0:
        return None
    back = [[share(net + tax) - share(tax), share(tax)] for net, tax, _ in lines]
    rest = gross - sum(net + tax for net, tax in back)
    rest_tax = share(sum(tax for _, tax, _ in lines)) - sum(tax for _, tax in back)
    most = max(range(len(back)), key=lambda index: (abs(back[index][1]), index))
    back[most][0] += rest - rest_tax
    back[most][1] += rest_tax
    return back


def boundary(zone, start, duration, period, k):
    """Start of cycle k, in seconds."""
    ms = terms.boundary(zone, start * 1000, duration, period, k)
    assert ms % 1000 == 0
    return ms // 1000


def day_of(zone, at):
    """The local day as `2026-01-31`, and as a number."""
    day = terms.to_wall(zone, at * 1000).date()
    return day.isoformat(), day.toordinal()


# ---------------------------------------------------------------- the books

class Order:
    def __init__(self, number, offer, at):
        self.number, self.offer, self.version = number, offer, len(offer["prices"]) - 1
        self.status, self.standing = "ACTTIVE", "settled"
        self.created, self.total = at, offer["cycles"]
        self.anchor, self.anchor_cycle, self.begun = at, 0, 1
        self.next = self.expires = None
        self.since = self.freeze = self.suspend = None
        # Frozen in the middle of its paid time, which goes on when it is paid.
        self.kept = False


OF_NO_ORDER = ("order", "pay", "price", "refund", "void", "writeoff")


class Refused(Exception):
    pass


class Books:
    def __init__(self, case):
        self.zone, self.balance = case["zone"], 0
        self.offers = [dict(offer, prices=[(None, True, offer["charges"])]) for offer in case["offers"]]
        # What is open, by the number of the invoice: [order, amount, since when].
        self.orders, self.invoices, self.open = [], [], {}
        # By the number of the invoice: by how many seconds pauses moved its time; what credit notes
        # leave of its lines, as [net, tax, whether by day]; how many seconds of its end they gave back.
        self.moved, self.left, self.cut = {}, {}, {}
        # What came in: [amount, what of it went back].
        self.payments = []
        self.suspended = False

    # ---- prices

    def charges(self, order, at):
        held = order.offer["prices"][order.version]
        for version, price in enumerate(order.offer["prices"]):
            if version > order.version and price[1] and price[0] <= at:
                held = price
        return held[2]

    def bill(self, order, cycle, start):
        on, _ = day_of(self.zone, start)
        due = [c for c in self.charges(order, start)
               if order.offer["type"] == "ONE_TIME" or c["type"] == "RECURRING" or cycle == 0]
        once = order.offer["type"] == "ONE_TIME"
        return [[*line(charge, on), once or charge["type"] == "RECURRING" or charge.get("refundable", False)]
                for charge in due]

    # ---- cycles

    def start_of(self, order, cycle):
        offer = order.offer
        return boundary(self.zone, order.anchor, offer["duration"], offer["period"],
                        cycle - order.anchor_cycle)

    def more(self, order):
        return order.offer["type"] == "RECURRING" and (order.total == 0 or order.begun < order.total)

    def anchor(self, order, at):
        order.anchor, order.anchor_cycle, order.next = at, order.begun, at

    def next_at_end(self, order):
        """The next cycle begins where the order ends, but what is paid is not billed again."""
        if not self.more(order):
            order.next = None
            return
        paid_until = self.start_of(order, order.begun)
        if order.expires > paid_until:
            self.anchor(order, order.expires)
        else:
            order.next = order.expires = paid_until

    def issue(self, order, cycle, start, end, at):
        """Answers what the balance does not cover."""
        lines = self.bill(order, cycle, start)
        net, tax = sum(net for net, _, _ in lines), sum(tax for _, tax, _ in lines)
        total = net + tax
        if total <= 0:
            return 0
        owed = total - min(max(self.balance, 0), total)
        self.balance -= total
        self.invoices.append(["INVOICE", order.number, cycle, start, end, at, net, tax])
        self.left[len(self.invoices)] = lines
        if owed:
            self.open[len(self.invoices)] = [order.number, owed, at]
        return owed

    def renew(self, order, at, end=None):
        """The next cycle begins at order.next. Answers what is owed."""
        end = self.start_of(order, order.begun + 1) if end is None else end
        owed = self.issue(order, order.begun, order.next, end, at)
        order.begun += 1
        order.status, order.standing = "ACTTIVE", "settled"
        order.expires = end if order.expires is None else max(end, order.expires)
        order.next = end if self.more(order) else None
        return owed

    def covered(self, order):
        total = sum(net + tax for net, tax, _ in self.bill(order, order.begun, order.next))
        return total <= 0 or self.balance >= total

    def overdue(self, order, since):
        order.standing, order.since = "overdue", since
        order.freeze = self.days_after(since, order.offer["grace"])

    def days_after(self, at, days):
        return boundary(self.zone, at, days, "DAY", 1) if days else at

    def owes(self, order):
        return any(held[0] == order.number for held in self.open.values())

    def asked_for(self, order):
        """Whether something is open that is dunned: of a prepaid order only what was paid once."""
        return any(held[0] == order.number
                   and (order.offer["billing"] == "POSTPAID" or held[2] > self.invoices[number - 1][5])
                   for number, held in self.open.items())

    def lost(self, order):
        """Whether a prepaid order waits for money that went back, its paid time not being over."""
        return order.offer["billing"] == "PREPAID" and (
            order.standing == "overdue" and (order.next is None or order.next > order.since)
            or order.standing == "frozen" and order.kept)

    def unpaid(self, order, at):
        """For how long a prepaid order was served without being paid."""
        if order.offer["billing"] != "PREPAID" or order.standing not in ("overdue", "frozen"):
            return 0
        return max((at if order.standing == "overdue" else order.since) - order.expires, 0)

    def finish(self, order, at):
        """Its time is over, or somebody ended it: what is owed is asked for on."""
        dunned = order.standing in ("overdue", "frozen", "owing")
        if not (self.owes(order) if dunned else self.asked_for(order)):
            order.standing = "ended"
            return
        if not dunned:
            self.overdue(order, at)
        if order.standing == "overdue":
            order.suspend = self.days_after(order.freeze, order.offer["suspend"])
        order.standing = "owing"

    def count_anew(self, order, at):
        """Not wholly paid: its days of grace count from what is unpaid longest."""
        unpaid = [held[2] for held in self.open.values() if held[0] == order.number]
        if order.offer["billing"] == "PREPAID" and order.next is not None and order.next <= at:
            unpaid.append(order.next)
        if order.standing not in ("overdue", "owing") or not unpaid or min(unpaid) <= order.since:
            return
        order.since = min(unpaid)
        order.freeze = self.days_after(order.since, order.offer["grace"])
        if order.standing == "owing" and order.suspend is not None:
            order.suspend = self.days_after(order.freeze, order.offer["suspend"])

    # ---- what is due

    def due(self, order):
        """(instant, rank, what): the lowest rank first where several are due at once."""
        prepaid, found = order.offer["billing"] == "PREPAID", []
        if order.standing == "owing":
            if order.suspend is not None:
                found.append((order.suspend, 4, "suspend"))
        elif order.status == "ACTTIVE":
            if order.standing == "overdue":
                found.append((order.freeze, 0, "freeze"))
                if self.ends_first(order):
                    found.append((order.expires, 3, "end"))
                elif not prepaid:
                    found.append((order.next, 2, "cycle"))
            elif self.ends_first(order):
                found.append((order.expires, 3, "end"))
            else:
                found.append((order.next, 2, "cycle"))
        elif order.status == "CANCELED" and order.standing != "ended":
            if not order.kept:
                found.append((order.expires, 3, "end"))
            if order.standing == "overdue":
                found.append((order.freeze, 0, "freeze"))
            if order.standing == "frozen" and order.suspend is not None:
                found.append((order.suspend, 4, "suspend"))
        elif order.status == "INACTIVE" and order.standing == "frozen":
            if self.ends_first(order) and not (order.kept and order.next is None):
                found.append((order.expires, 3, "end"))
            if order.suspend is not None:
                found.append((order.suspend, 4, "suspend"))
        return min(found, default=None)

    def ends_first(self, order):
        """Whether its end comes before another cycle, because none follows or because somebody set it so."""
        return order.next is None or order.expires < order.next

    def work(self, until):
        while True:
            due = [(step[0], order.number, step[2], order) for order in self.orders
                   if (step := self.due(order)) and step[0] <= until]
            if not due:
                return
            at, _, what, order = min(due, key=lambda item: item[:2])
            self.take(order, what, at)

    def take(self, order, what, at):
        if what == "freeze":
            order.status = "CANCELED" if order.status == "CANCELED" else "INACTIVE"
            order.kept = self.lost(order) and order.expires > at
            order.standing, order.since = "frozen", at
            order.suspend = self.days_after(at, order.offer["suspend"])
        elif what == "suspend":
            order.suspend = None
            # One whose next cycle is due as well is tried first.
            tried_next = any(other.status == "ACTTIVE" and (step := self.due(other)) and step[0] <= at
                             and step[2] == "cycle" for other in self.orders)
            if not tried_next and not any(self.runs(other, at) for other in self.orders):
                self.suspended = True
        elif what == "end":
            order.status = "CANCELED" if order.status == "CANCELED" else "EXPIRED"
            self.finish(order, at)
            order.next, order.kept = None, False
            self.lift(order, at)
        elif order.offer["billing"] == "PREPAID":
            if self.covered(order):
                self.renew(order, at)
                self.lift(order, at)
            else:
                self.overdue(order, at)
        else:
            was_overdue, since, freeze = order.standing == "overdue", order.since, order.freeze
            owed = self.renew(order, at)
            if was_overdue:
                order.standing, order.since, order.freeze = "overdue", since, freeze
            elif owed:
                self.overdue(order, at)
            self.lift(order, at)

    def runs(self, order, at):
        if order.status == "ACTTIVE":
            end = max(order.expires, order.freeze) if order.standing == "overdue" else order.expires
            return end > at
        return order.status == "CANCELED" and order.standing not in ("ended", "owing", "frozen") and order.expires > at

    def lift(self, order, at):
        """Nobody is suspended who has something that runs, or who owes nothing."""
        if self.runs(order, at) or self.owes_nothing():
            self.suspended = False

    def owes_nothing(self):
        return not self.open and all(order.standing not in ("overdue", "frozen", "owing") for order in self.orders)

    # ---- what people do

    def pay_open(self, amount):
        for number in sorted(self.open):
            paid = min(amount, self.open[number][1])
            self.open[number][1] -= paid
            amount -= paid
            if self.open[number][1] == 0:
                del self.open[number]

    def reopen(self, at):
        waiting = [order for order in self.orders if order.standing in ("overdue", "frozen", "owing")]
        any_runs = False
        for order in sorted(waiting, key=lambda order: (order.standing == "frozen", order.number)):
            frozen, since = order.standing == "frozen", order.since if order.standing == "overdue" else None
            if self.owes(order) or not self.let_go_on(order, frozen, at):
                self.count_anew(order, at)
                continue
            while (step := self.due(order)) and step[0] <= at:
                self.take(order, step[2], at)
            if since is not None and order.standing == "overdue":
                # The next cycle is not paid either: its days of grace count from when it was due.
                self.overdue(order, min(at, max(since, order.next if order.next is not None else at)))
            any_runs = any_runs or self.runs(order, at)
        if any_runs or self.owes_nothing():
            self.suspended = False

    def let_go_on(self, order, frozen, at):
        """Nothing of it is open: it runs again if its next cycle is paid as well. Answers whether."""
        if order.standing == "owing":
            order.standing = "ended"
            return True
        if order.status != "CANCELED" and order.offer["billing"] == "PREPAID" and self.more(order) and not (
                order.kept if frozen else order.next > at):
            kept = (order.anchor, order.anchor_cycle, order.next)
            end = None
            if frozen:
                end = self.anchor_again(order, at)
            if not self.covered(order):
                order.anchor, order.anchor_cycle, order.next = kept
                return False
            self.renew(order, at, end)
            if end is not None and self.more(order):
                self.anchor(order, end)
            return True
        if order.kept:
            self.resume(order, at)
            order.kept = False
        order.standing = "settled"
        if order.status == "CANCELED":
            order.next = None
            return True
        order.status = "ACTTIVE"
        if frozen and order.expires <= at and self.more(order):
            self.anchor(order, at)
            order.expires = at
        return True

    def anchor_again(self, order, at):
        """After a freeze its cycle counts from the payment, less the days of grace that it pays for: half of
        it at most. Answers its end, if that is not a whole term after its start."""
        due, end, unpaid = order.next, self.start_of(order, order.begun + 1), self.unpaid(order, at)
        if not unpaid:
            # Not for days without service, and not for time that was given away.
            self.anchor(order, max(at, due))
            return None
        start = max(at - min(unpaid, (end - due) // 2), due)
        if start == due:
            return None
        self.anchor(order, start)
        return start + end - due

    def credit(self, order, at, begins_again=None):
        """Gives back unused days; with `begins_again` those from then on, which the next cycle
        bills as well. Answers whether there were any."""
        stopped = order.since if order.standing == "paused" or order.kept else at
        if begins_again is not None:
            stopped = begins_again
        _, today = day_of(self.zone, stopped)
        # The day on which it stops is used, but not by this cycle if the next one begins on it.
        first = today + 1 if begins_again is None else today
        billed = [(invoice[2], number) for number, invoice in enumerate(self.invoices, 1)
                  if invoice[0] == "INVOICE" and invoice[1] == order.number]
        given = False
        for _, number in sorted(billed, reverse=True):
            _, _, _, start, end, *_ = self.invoices[number - 1]
            end -= self.cut.get(number, 0)
            days = day_of(self.zone, end)[1] - day_of(self.zone, start)[1]
            start, end = start + self.moved.get(number, 0), end + self.moved.get(number, 0)
            if end <= stopped:
                continue
            left = days
            if start <= stopped:
                left = min(max(day_of(self.zone, end)[1] - first, 0), days)
            if days <= 0 or left == 0:
                continue
            rest = self.note(number, left, days, max(start, stopped), end, at, by_day=True)
            if rest is not None:
                self.cut[number] = self.cut.get(number, 0) + end - max(start, stopped)
                self.pay_open(rest)
                given = True
        return given

    def note(self, number, part, whole, start, end, at, by_day=False):
        """A credit note for a part of what is left of an invoice, or of what is given back by the day. It pays
        that invoice first; answers the rest, or None where there is nothing to give back."""
        lines = [held for held in self.left[number] if held[2] or not by_day]
        back = part_of(lines, part, whole) if lines else None
        if back is None:
            return None
        for held, (net, tax) in zip(lines, back):
            held[0] += net
            held[1] += tax
        net, tax = sum(net for net, _ in back), sum(tax for _, tax in back)
        self.invoices.append(["CREDIT_NOTE", self.invoices[number - 1][1], None, start, end, at, net, tax])
        gross = -net - tax
        self.balance += gross
        held = self.open.get(number)
        if held is None:
            return gross
        paid = min(gross, held[1])
        held[1] -= paid
        if held[1] == 0:
            del self.open[number]
        return gross - paid

    def newest(self):
        return [number for number in sorted(self.left, reverse=True)]

    def net_of(self, number):
        return sum(net + tax for net, tax, _ in self.left[number])

    def paid_of(self, number):
        return self.net_of(number) - self.open.get(number, [None, 0])[1]

    def credit_all(self, number, at):
        _, _, _, start, end, *_ = self.invoices[number - 1]
        whole = self.net_of(number)
        if whole > 0:
            self.pay_open(self.note(number, whole, whole, start, end, at))
            self.cut[number] = end - start

    def void(self, number, at):
        if number not in self.left or self.open.get(number, [None, 0])[1] != sum(self.invoices[number - 1][6:8]):
            raise Refused
        self.credit_all(number, at)
        self.reopen(at)

    def write_off(self, amount, at):
        if amount > max(-self.balance, 0):
            raise Refused
        owing = [order for order in self.orders if self.owes(order)]
        self.balance += amount
        self.pay_open(amount)
        for order in owing:
            if order.standing == "frozen" and not self.owes(order):
                order.status = "CANCELED" if order.status == "CANCELED" else "EXPIRED"
                order.standing, order.next, order.kept = "ended", None, False
                order.expires = min(order.expires, at)
        self.reopen(at)

    def refund(self, index, amount, how, at):
        if index >= len(self.payments) or amount > self.payments[index][0] - self.payments[index][1]:
            raise Refused
        self.payments[index][1] += amount
        owed = amount
        if how == "GOODWILL":
            owed = max(amount - max(self.balance, 0), 0)
            for number in self.newest():
                part = min(self.paid_of(number), owed)
                if part > 0:
                    self.note(number, part, self.net_of(number), at, None, at)
                    owed -= part
        self.balance -= amount
        missing = min(max(-self.balance, 0) - sum(held[1] for held in self.open.values()), owed)
        for number in self.newest():
            again = min(self.paid_of(number), missing)
            if again > 0:
                order = self.orders[self.invoices[number - 1][1]]
                _, held, since = self.open.get(number, [None, 0, at])
                self.open[number] = [order.number, held + again, since]
                missing -= again
                self.owed_again(order, at)
        if how == "GOODWILL":
            self.reopen(at)

    def owed_again(self, order, at):
        if order.status in ("ACTTIVE", "CANCELED") and order.standing == "settled":
            self.overdue(order, at)
        elif order.status in ("EXPIRED", "CANCELED") and order.standing in ("settled", "ended"):
            self.overdue(order, at)
            self.finish(order, at)

    def resume(self, order, at):
        """The paid time that was left goes on: all that was paid and was not over moves."""
        paused = at - order.since
        for number, invoice in enumerate(self.invoices, 1):
            if invoice[0] == "INVOICE" and invoice[1] == order.number:
                moved = self.moved.get(number, 0)
                if invoice[4] + moved > order.since:
                    self.moved[number] = moved + paused
        order.expires += paused
        if self.more(order):
            self.anchor(order, order.expires)

    def end(self, order, at, credit):
        if order.status == "EXPIRED":
            raise Refused
        if credit == "WHOLE":
            if order.created + DAY < at:
                raise Refused
            for number in sorted(self.left):
                if self.invoices[number - 1][1] == order.number:
                    self.credit_all(number, at)
        elif credit:
            self.credit(order, at)
        self.finish(order, at)
        order.status, order.next, order.kept = "EXPIRED", None, False
        order.expires = min(order.expires, at)

    def change(self, order, offer, at):
        in_debt = order.standing in ("overdue", "owing") or order.standing == "frozen" and (
            self.unpaid(order, at) > 0 or bool(self.open))
        debt = (order.standing, order.since, order.freeze, order.suspend, self.unpaid(order, at))
        self.end(order, at, True)
        self.work_one(order, at)
        self.lift(order, at)
        self.place(offer, at, debt if in_debt else None)
        self.reopen(at)

    def place(self, offer, at, debt=None):
        order = Order(len(self.orders), self.offers[offer], at)
        order.expires = self.start_of(order, 1)
        order.next = order.expires if self.more(order) else None
        served = min(debt[4], (order.expires - at) // 2) if debt else 0
        if served:
            order.expires -= served
            if self.more(order):
                self.anchor(order, order.expires)
        self.orders.append(order)
        owed = self.issue(order, 0, at, order.expires, at)
        if owed and order.offer["billing"] == "POSTPAID":
            self.overdue(order, at)
        if owed and debt:
            self.keep_ladder(order, debt, at)
        self.work_one(order, at)
        self.lift(order, at)

    def keep_ladder(self, order, debt, at):
        """Who has not paid for an order stands where they stood with the one before it."""
        standing, since, freeze, suspend, _ = debt
        if standing == "frozen":
            order.status, order.standing, order.since, order.kept = "INACTIVE", "frozen", at, True
            order.suspend = at if suspend is None else suspend
            return
        self.overdue(order, since)
        self.open[len(self.invoices)][2] = since
        if standing == "overdue":
            order.freeze = freeze

    def last_began(self, order):
        starts = [invoice[3] + self.moved.get(number, 0) for number, invoice in enumerate(self.invoices, 1)
                  if invoice[0] == "INVOICE" and invoice[1] == order.number and invoice[2] == order.begun - 1]
        return starts[0] if starts else order.created

    def dated(self, order, at):
        """What follows from dates that somebody set."""
        ahead = (order.next is None or order.next > at) and order.expires > at
        if ahead and order.standing == "overdue":
            order.standing = "settled"

    def do(self, at, verb, *arguments):
        order = self.orders[arguments[0]] if verb not in OF_NO_ORDER else None
        settled = order is not None and order.status == "ACTTIVE" and order.standing == "settled"
        if verb == "order":
            self.place(arguments[0], at)
        elif verb == "pay":
            self.payments.append([arguments[0], 0])
            self.balance += arguments[0]
            self.pay_open(max(arguments[0], self.balance))
            self.reopen(at)
        elif verb == "refund":
            self.refund(*arguments, at)
        elif verb == "void":
            self.void(arguments[0], at)
        elif verb == "writeoff":
            self.write_off(arguments[0], at)
        elif verb == "price":
            offer, charges, running = arguments
            self.offers[offer]["prices"].append((at, running, charges))
        elif verb == "cancel":
            dunned, paused = order.standing in ("overdue", "frozen", "owing"), order.standing == "paused"
            if paused:
                self.resume(order, at)
                order.standing = "settled"
            goes_on = dunned and (order.offer["billing"] == "POSTPAID" or self.lost(order))
            order.status, order.next = "CANCELED", None
            if paused and self.asked_for(order):
                self.overdue(order, at)
            elif dunned and not goes_on:
                order.kept = False
                if not self.owes(order):
                    order.standing = "settled"
                elif order.expires <= at:
                    self.finish(order, at)
        elif verb == "uncancel":
            if order.kept:
                self.resume(order, at)
            order.status, order.standing, order.kept = "ACTTIVE", "settled", False
            self.next_at_end(order)
        elif verb == "expires":
            if arguments[1] == order.expires:
                return
            order.expires = arguments[1]
            if order.next is not None and order.expires > max(order.next, at):
                self.anchor(order, order.expires)
            self.dated(order, at)
        elif verb == "next":
            if arguments[1] == order.next:
                return
            if not self.more(order) or arguments[1] <= self.last_began(order):
                raise Refused
            given = self.credit(order, at, begins_again=arguments[1])
            self.anchor(order, arguments[1])
            order.expires = arguments[1] if given else max(order.expires, arguments[1])
            self.dated(order, at)
            if given:
                self.work_one(order, at)
                self.lift(order, at)
                self.reopen(at)
        elif verb == "cycles":
            if order.total == arguments[1]:
                return
            order.total = arguments[1]
            if not self.more(order):
                order.next = None
            elif order.next is None and (order.status == "ACTTIVE" or order.standing == "frozen"
                                         and order.status == "INACTIVE"):
                self.next_at_end(order)
        elif verb == "pause":
            if not settled:
                raise Refused
            order.status, order.standing, order.since, order.next = "INACTIVE", "paused", at, None
        elif verb == "resume":
            if order.standing != "paused":
                raise Refused
            self.resume(order, at)
            order.status, order.standing = "ACTTIVE", "settled"
            if self.asked_for(order):
                self.overdue(order, at)
        elif verb == "renew":
            if not settled or not self.more(order) or order.next is None or not self.covered(order):
                raise Refused
            self.renew(order, at)
        elif verb == "end":
            self.end(order, at, arguments[1])
            self.reopen(at)
        elif verb == "change":
            self.change(order, arguments[1], at)
        if order is not None:
            self.work_one(order, at)
            self.lift(order, at)

    def work_one(self, order, at):
        while (step := self.due(order)) and step[0] <= at:
            self.take(order, step[2], at)

    def service(self, order, now):
        if order.status == "ACTTIVE":
            return "ACTIVE"
        if order.status == "CANCELED":
            return {"ended": "EXPIRED", "owing": "EXPIRED", "frozen": "FROZEN"}.get(order.standing, "ACTIVE")
        return "EXPIRED" if order.status == "EXPIRED" else "FROZEN"


def answer(case):
    books, refused = Books(case), []
    for at, verb, *arguments in case["steps"]:
        books.work(at)
        try:
            books.do(at, verb, *arguments)
            refused.append(False)
        except Refused:
            refused.append(True)
    books.work(case["until"])
    return {
        "refused": refused,
        "invoices": [[n, *invoice] for n, invoice in enumerate(books.invoices, 1)],
        "orders": [[o.status, o.next, o.expires, books.service(o, case["until"])] for o in books.orders],
        "balance": books.balance,
        "customer": "SUSPENDED_BY_BILLING" if books.suspended else "ACTIVE",
    }


# ---------------------------------------------------------------- the writer

def make_charges(dice, currency):
    unit = 10 ** DECIMALS[currency]
    charges = []
    for _ in range(dice.pick((1, 1, 1, 2))):
        charge = {
            "type": dice.pick(("RECURRING", "RECURRING", "RECURRING", "ONE_TIME")),
            "amount": dice.int(1, 40 * unit),
            "rate": dice.pick(("0", "0", "7", "19", "20", "7.5", "21")),
            "included": dice.chance(0.7),
        }
        if charge["type"] == "ONE_TIME" and dice.chance(0.3):
            charge["refundable"] = True
        if dice.chance(0.2):
            charge["dated"] = [["%d-%02d-01" % (dice.int(2026, 2030), dice.int(1, 12)), "23"]]
        charges.append(charge)
    # No cycle comes to less than nothing.
    most = min(sum(c["amount"] for c in charges if c["type"] == "RECURRING"), 3 * unit)
    if dice.chance(0.1) and most > 0:
        charges.append({"type": "RECURRING", "amount": -dice.int(1, most), "rate": "0", "included": True})
    return charges


def make_offer(dice, currency, long):
    period = dice.pick(("MONTH", "MONTH", "MONTH", "DAY", "QUARTER", "YEAR"))
    if long:
        period = dice.pick(("QUARTER", "YEAR", "YEAR"))
    duration = dice.pick({"DAY": (1, 2, 7, 10, 30, 31), "MONTH": (1, 1, 1, 2, 6), "QUARTER": (1, 2), "YEAR": (1, 1, 2)}[period])
    return {
        "billing": dice.pick(("PREPAID", "PREPAID", "POSTPAID")),
        "type": dice.pick(("RECURRING",) * 5 + ("ONE_TIME",)),
        "duration": duration, "period": period,
        "cycles": dice.pick((0, 0, 0, 1, 2, 3, 12)),
        "grace": dice.pick((0, 5, 14, 30) if period == "DAY" else (0, 0, 3, 5, 14)), "suspend": dice.pick((0, 0, 2, 10)),
        "charges": make_charges(dice, currency),
    }


def over(order):
    return order.standing in ("ended", "owing")


def make_case(dice):
    currency, zone = dice.pick(tuple(DECIMALS)), dice.pick(ZONES)
    long = dice.chance(0.15)
    case = {"zone": zone, "currency": currency,
            "offers": [make_offer(dice, currency, long) for _ in range(2)]}
    at = case["start"] = BOX_START + dice.int(1, 500) * DAY + dice.int(0, DAY - 1)
    steps = case["steps"] = []
    unit = 10 ** DECIMALS[currency]
    for index in range(dice.int(2, 14)):
        # Only what the box allows a client to ask for in that state.
        books = Books(case)
        for step in steps:
            books.work(step[0])
            try:
                books.do(*step)
            except Refused:
                pass
        books.work(at)
        orders = books.orders
        if not orders or (len(orders) < 3 and dice.chance(0.15)):
            verb = ["order", dice.int(0, 1)]
        elif dice.chance(0.4) or any(order.standing == "overdue" for order in orders) and dice.chance(0.5):
            verb = ["pay", dice.int(1, dice.pick((10, 60, 60, 400)) * unit)]
        elif books.payments and dice.chance(0.15):
            index = dice.int(0, len(books.payments) - 1)
            amount = dice.pick((books.payments[index][0], dice.int(1, books.payments[index][0])))
            verb = ["refund", index, amount, dice.pick(("RETURNED", "RETURNED", "GOODWILL"))]
        elif books.open and dice.chance(0.15):
            owed = max(-books.balance, 1)
            verb = dice.pick((["void", dice.pick(sorted(books.open))], ["void", dice.int(1, len(books.invoices))],
                              ["writeoff", owed], ["writeoff", dice.int(1, owed)], ["writeoff", owed + 1]))
        else:
            # Canceled and paused ones more often: they can be taken back.
            order = dice.pick(orders + 3 * [order for order in orders if order.standing == "paused"
                                            or (order.status == "CANCELED" and not over(order))])
            choices = [dice.pick(("pause", "resume", "renew", "end"))]
            choices += ["end"] * 3 if order.created + DAY >= at else []
            if order.status == "ACTTIVE":
                choices += ["pause", "renew", "end"]
            if len(orders) < 4 and (order.status != "EXPIRED" or dice.chance(0.1)):
                choices.append("change")
            if order.status in ("ACTTIVE", "INACTIVE"):
                choices += ["cancel", "expires"]
                choices += ["cancel"] if order.standing in ("paused", "frozen") else ["next"] * 5
                choices += ["cycles"] if dice.chance(0.4) else []
            if order.status == "CANCELED" and not over(order):
                choices += ["uncancel"] * 4 + ["expires"]
            if order.standing == "paused":
                choices += ["resume"] * 4
            if dice.chance(0.2):
                verb = ["price", dice.int(0, 1), make_charges(dice, currency), dice.chance(0.5)]
            else:
                word = dice.pick(choices)
                verb = [word, order.number]
                if word == "end":
                    fresh = order.created + DAY >= at
                    verb.append(dice.pick(("WHOLE", "WHOLE", True) if fresh else (False, True, True, True, "WHOLE")))
                if word == "change":
                    verb.append(dice.int(0, 1))
                if word == "expires":
                    days = dice.int(-10, 60)
                    verb.append(max(order.expires + days * DAY + dice.int(0, DAY), at + 1))
                    if order.standing != "paused" and dice.chance(0.2):
                        verb[2] = at - dice.int(0, 30 * DAY)
                if word == "next":
                    days = dice.int(-25, -1) if dice.chance(0.6) else dice.int(-40, 60)
                    verb.append((order.next or at) + days * DAY + dice.int(0, DAY))
                if word == "cycles":
                    verb.append(dice.int(0, 8))
        steps.append([at, *verb])
        if dice.chance(0.15):
            continue  # at the same instant
        roll = dice.random()
        nexts = [step[0] for order in books.orders if (step := books.due(order)) and step[0] > at]
        if nexts and roll < 0.25:
            at = min(nexts)  # on the very instant
        else:
            at += dice.int(1, dice.pick((1, 2, 20, 45, 45, 200)) * DAY * (12 if long else 1))
    case["until"] = at + dice.int(0, 200 * DAY * (100 if long else 1))
    while len(answer(case)["invoices"]) > 150:
        case["until"] = at + (case["until"] - at) // 2
        if case["until"] == at:
            return None
    return case


def write(path, seed, count):
    dice, lines = terms.Dice(seed), []
    while len(lines) < count:
        case = make_case(dice)
        if case is not None:
            lines.append(json.dumps({**case, **answer(case)}, separators=(",", ":")))
    with open(path, "w", encoding="ascii", newline="\n") as f:
        f.write("".join(text + "\n" for text in lines))
    print(f"{path}: {count} cases, {os.path.getsize(path)} bytes")


# ---------------------------------------------------------------- the checker

def self_test():
    assert [rounded(Fraction(n, 2)) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]
    ten = {"type": "RECURRING", "amount": 1200, "rate": "20", "included": True}
    assert line(ten, "2026-01-01") == (1000, 200)
    assert line(dict(ten, included=False), "2026-01-01") == (1200, 240)
    assert line(dict(ten, dated=[["2026-02-01", "50"]]), "2026-02-01") == (800, 400)
    offer = {"billing": "PREPAID", "type": "RECURRING", "duration": 1, "period": "MONTH", "cycles": 0,
             "grace": 0, "suspend": 0, "charges": [dict(ten, rate="0", amount=3000)]}
    start = BOX_START
    case = {"zone": "UTC", "currency": "USD", "offers": [offer], "start": start, "until": start + 40 * DAY,
            "steps": [[start, "pay", 3000], [start, "order", 0]]}
    held = answer(case)
    assert held["orders"][0][0] == "INACTIVE" and held["customer"] == "SUSPENDED_BY_BILLING", held
    case["steps"].append([start + 10 * DAY, "end", 0, True])
    held = answer(case)
    # 28 days, of which the 31st and ten more are used: 17 left.
    assert held["balance"] == rounded(Fraction(3000 * 17, 28)), held
    # Time that was given away is no reason to give back more.
    case["steps"].insert(2, [start + 5 * DAY, "expires", 0, start + 100 * DAY])
    assert answer(case)["balance"] == held["balance"]
    # Nor is it billed.
    case["steps"][2:] = [[start + 5 * DAY, "cancel", 0], [start + 5 * DAY, "expires", 0, start + 100 * DAY],
                         [start + 6 * DAY, "uncancel", 0], [start + 7 * DAY, "pay", 9000]]
    case["until"] = start + 101 * DAY
    assert [i[4:6] for i in answer(case)["invoices"][1:]] == [[start + 100 * DAY, start + 131 * DAY]]
    # 28 days from 31 January; billed anew from 10 February: 18 days come back, and of the ten that
    # are left an end on the fifth gives back five.
    case["until"] = start + 6 * DAY
    case["steps"] = [[start, "pay", 3000], [start, "order", 0],
                     [start + DAY, "next", 0, start + 10 * DAY]]
    held = answer(case)
    assert held["balance"] == rounded(Fraction(3000 * 18, 28))
    assert held["orders"][0][1:3] == [start + 10 * DAY] * 2
    case["steps"].append([start + 4 * DAY, "end", 0, True])
    more = rounded(Fraction((3000 - held["balance"]) * 5, 10))
    assert answer(case)["balance"] == held["balance"] + more


def check(path):
    self_test()
    wrong = 0
    with open(path, encoding="ascii") as f:
        for number, text in enumerate(f, 1):
            case = json.loads(text)
            held = answer(case)
            if any(json.loads(json.dumps(held[key])) != case[key] for key in held):
                print(f"{path}:{number}: differs")
                wrong += 1
    print(f"{path}: {number} cases, {wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--check", nargs="?", const=FILE, metavar="FILE")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=400)
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write, arguments.seed, arguments.cases)
        return 0
    return check(arguments.check or FILE)


if __name__ == "__main__":
    sys.exit(main())
