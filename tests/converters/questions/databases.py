"""Small databases to make questions of: a shop with dates, prices and empty corners, and odd ones."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, city TEXT, country TEXT,
    signup_date TEXT, is_vip INTEGER, email TEXT);
CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category_id INTEGER REFERENCES categories(id), price REAL,
    cost REAL, weight_kg REAL, colour TEXT, stock_qty INTEGER, discontinued INTEGER);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), order_date TEXT,
    shipped_date TEXT, status TEXT, payment_method TEXT);
CREATE TABLE order_items (order_id INTEGER REFERENCES orders(id), product_id INTEGER REFERENCES products(id),
    qty INTEGER, unit_price REAL, PRIMARY KEY (order_id, product_id));
CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT, dept_id INTEGER REFERENCES departments(id), salary INTEGER,
    dob TEXT, hire_date TEXT);
CREATE TABLE departments (id INTEGER PRIMARY KEY, name TEXT, city TEXT, budget INTEGER);
CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products(id), customer_id INTEGER
    REFERENCES customers(id), rating INTEGER, created_at TEXT);
"""
FIRST_NAMES = "Ada Ben Carla Dirk Ella Finn Greta Hugo Ines Jan Kira Lena Max Nora Otto Paula Quinn Rosa Sam Tina"
LAST_NAMES = "Smith Jones Miller Novak Rossi Dupont Jansen Garcia Lopez Kim Lee Patel Olsen Berg Costa Moreau"
TOWNS = {
    "Berlin": "Germany",
    "Munich": "Germany",
    "Paris": "France",
    "Lyon": "France",
    "Oslo": "Norway",
    "Rome": "Italy",
}
THINGS = ("Lamp", "Chair", "Desk", "Shelf", "Sofa", "Mirror", "Rug", "Clock", "Vase", "Stool", "Bench", "Cabinet")
COLOURS = ("red", "blue", "black", "white", "green")


def make(path: Path, script: str, rows: dict[str, list[tuple]]) -> Path:
    """A SQLite file of statements and rows."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        for table, values in rows.items():
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', values)
        connection.commit()
    return path


def make_shop(path: Path) -> Path:
    """The shop: 60 customers, 48 products, 300 orders."""
    draw = random.Random(3)

    def day(first: int, last: int) -> str:
        return f"{draw.randint(first, last)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"

    def later(date: str) -> str:
        year, month, number = map(int, date.split("-"))
        return f"{year}-{month:02}-{min(28, number + draw.randint(0, 9)):02}"

    towns = list(TOWNS)
    people = [(first, last) for first in FIRST_NAMES.split() for last in LAST_NAMES.split()]
    draw.shuffle(people)
    customers = []
    for number, (first, last) in enumerate(people[:60], 1):
        town = draw.choice(towns)
        customers.append(
            (number, first, last, town, TOWNS[town], day(2019, 2023), int(draw.random() < 0.2), f"{first}@x.org")
        )
    kinds = ["Furniture", "Lighting", "Decoration", "Textiles"]
    products = []
    for number, (thing, colour) in enumerate(((t, c) for t in THINGS for c in COLOURS[:4]), 1):
        price = round(draw.uniform(5, 400), 2)
        cost, weight = round(price * draw.uniform(0.3, 0.8), 2), round(draw.uniform(0.2, 40), 1)
        stock, gone = draw.randint(0, 120), int(draw.random() < 0.15)
        kind = draw.randint(1, 4)
        products.append((number, f"{colour.title()} {thing}", kind, price, cost, weight, colour, stock, gone))
    orders, items = [], []
    for number in range(1, 301):
        date, status = day(2021, 2023), draw.choice(["shipped", "shipped", "pending", "cancelled"])
        shipped = later(date) if status == "shipped" else None
        orders.append((number, draw.randint(1, 52), date, shipped, status, draw.choice(["card", "paypal", "invoice"])))
        for product in draw.sample(products[:44], draw.randint(1, 4)):
            items.append((number, product[0], draw.randint(1, 5), product[3]))
    departments = [
        (1, "Sales", "Berlin", 500000),
        (2, "Support", "Paris", 200000),
        (3, "Warehouse", "Oslo", 350000),
        (4, "Research", "Rome", 120000),
    ]
    employees = [
        (n, " ".join(name), draw.randint(1, 3), draw.randrange(28000, 90000, 500), day(1960, 2000), day(2010, 2023))
        for n, name in enumerate(people[60:100], 1)
    ]
    reviews = [
        (n, draw.randint(1, 40), draw.randint(1, 50), draw.randint(1, 5), day(2021, 2023) + " 10:30:00")
        for n in range(1, 121)
    ]
    rows = {"customers": customers, "categories": list(enumerate(kinds, 1)), "products": products, "orders": orders}
    rows |= {"order_items": items, "departments": departments, "emp": employees, "reviews": reviews}
    return make(path, SHOP, rows)
