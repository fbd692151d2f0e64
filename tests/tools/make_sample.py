#!/usr/bin/env python3
"""Makes scenarios/sample/purchases.csv.gz from the whole of "Online Retail" (standard library only).

  make_sample.py online_retail.csv.gz purchases.csv.gz

Chosen are every thirteenth, by CustomerID, of the contacts who bought something recurring; of them all rows, cancellations
included, in the order of the source. Three columns are added, computed on the whole history after the usual cleaning
(contact present, quantity and price positive):

  Family     the five digits with which the code begins (colours and sizes share them), else the code
  Recurring  1 when at least 50 contacts bought the family on two days or more, else 0
  Delay      of a recurring family, the median gap between the days on which one contact bought it, in months of
             30.44 days, not less than 2 and not more than 6: "2 months"
"""
import csv, gzip, io, re, statistics, sys
from datetime import date

EVERY = 13
source, target = sys.argv[1:]
with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
    reader = csv.DictReader(file)
    columns = list(reader.fieldnames)
    rows = list(reader)


def family(row):
    digits = re.match("[0-9]{5}", row["StockCode"])
    return digits.group() if digits else row["StockCode"]


days = {}
for row in rows:
    if row["CustomerID"] and int(row["Quantity"]) > 0 and float(row["UnitPrice"]) > 0:
        days.setdefault((family(row), row["CustomerID"]), set()).add(date.fromisoformat(row["InvoiceDate"][:10]))
gaps, buyers = {}, {}
for (name, contact), bought in days.items():
    ordered = sorted(bought)
    if len(ordered) > 1:
        buyers[name] = buyers.get(name, 0) + 1
        gaps.setdefault(name, []).extend((b - a).days for a, b in zip(ordered, ordered[1:]))
delay = {name: min(6, max(2, round(statistics.median(found) / 30.44)))
         for name, found in gaps.items() if buyers[name] >= 50}
chosen = set(sorted({contact for name, contact in days if name in delay}, key=int)[::EVERY])

text = io.StringIO()
writer = csv.writer(text, lineterminator="\n")
writer.writerow(columns + ["Family", "Recurring", "Delay"])
for row in rows:
    if row["CustomerID"] in chosen:
        months = delay.get(family(row))
        writer.writerow([row[column] for column in columns]
                        + [family(row), int(months is not None), f"{months} months" if months else ""])
# Neither a name nor a time stamp inside, so that the same source gives the same bytes.
with open(target, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
    packed.write(text.getvalue().encode())
print(len(chosen), "contacts,", text.getvalue().count("\n") - 1, "rows")
