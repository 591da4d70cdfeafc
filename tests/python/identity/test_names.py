"""What is told from a name's text, and how alike two names are."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from psycopg.rows import dict_row

from orchestration.settings import ROOT, settings
from orchestration.transform.project import dbt_project
from tests.python.warehouse import Warehouse

# simplified, traditional and pinyin as pypinyin 0.55.0 and OpenCC 1.4.2 have them
HAN_NAMES = list(csv.DictReader((Path(__file__).parent / "han_names.csv").open()))
MACROS = ROOT / "macros" / "identity"
LISTS = (
    *("seed_han_syllables", "seed_han_surnames", "seed_han_given_characters"),
    *("seed_latin_names", "seed_latin_nicknames", "seed_name_words"),
)
LEVELS = {"equal", "near", "fits", "unfit", "different", None}

KINDS = {
    "full": [
        *("王小可", "王 小可", "欧阳娜娜", "單曉", "王小可先生", "买买提·吐尔逊"),
        *("Sam Brown", "Mr John Smith", "O'Brien, Pat", "José García"),
        *("zheng danfei", "Danfei Zheng", "zhengdanfei", "Zheng Dan-Fei"),
        *("Иван Петров", "김철수", "ＬＥＥ　ＧＥＯＲＧＩＡ"),
    ],
    "partial": [
        *("王女士", "王**", "王某", "A刘姐", "欧阳先生", "小王", "政伟", "*小可"),
        *("Mr Smith", "Ms Green", "Georgia", "Brown", "S. Brown", "Sam B."),
        *("J*** Smith", "wang"),
    ],
    "handle": [
        *("小鱼儿", "随风", "阳光", "开心就好", "测试", "先生", "momo", "lucky"),
        *("test", "n/a", "anonymous", "user_8812", "Mr", "😀", "***", "-"),
        *("x" * 300, "张" * 300),
    ],
}

# one name, another, and the level of the two
PAIRS = [
    ("王小可", "王　小可", "equal"),
    ("吴子梅", "吳子梅", "equal"),
    ("LEE GEORGIA", "Georgia Lee", "equal"),
    ("José García", "jose garcia", "equal"),
    ("zhengdanfei", "Danfei Zheng", "equal"),
    ("nicole o'brien", "Nicole O Brien", "equal"),
    ("郑丹菲", "Danfei Zheng", "near"),
    ("陈杰健", "chenjiejian", "near"),
    ("于丽", "Li Yu", "near"),
    ("曾伟", "Zeng Wei", "near"),
    ("李石玲", "李诗玲", "near"),
    ("王伟", "王炜", "near"),
    ("Molly Reid", "mary reid", "near"),
    ("Becky Williams", "Rebwcca Williams", "near"),
    ("hCarlotte Wells", "Charlotte Wrells", "near"),
    ("John Smith", "John Michael Smith", "near"),
    ("Stephen Smith", "Steven Smith", "near"),
    ("George Kimng", "George Kin", "near"),
    ("jaiden rollins", "jaiden rolli ns", "near"),
    ("Иван Петров", "Петров Иван", "equal"),
    ("王女士", "王小可", "fits"),
    ("王**", "王小可", "fits"),
    ("政伟", "叶政伟", "fits"),
    ("康飞", "马康飞", "fits"),
    ("S. Brown", "Sam Brown", "fits"),
    ("S. Brown", "Brown Sam", "fits"),
    ("I. Nelson", "bella nelson", "fits"),
    ("Mr Green", "Daniel reen", "fits"),
    ("D. Zheng", "郑丹菲", "fits"),
    ("王女士", "李伟", "unfit"),
    ("王*", "王小可", "unfit"),
    ("王**", "李**", "unfit"),
    ("王先生", "王女士", "unfit"),
    ("Ms Wright", "Mark Wright", "unfit"),
    ("S. Brown", "John Brown", "unfit"),
    ("王小可", "王大明", "different"),
    ("王小可", "李小可", "different"),
    ("Mary Wright", "Mark Wright", "different"),
    ("Dan Jenkins", "Don Jenkins", "different"),
    ("John Paul Smith", "John Michael Smith", "different"),
    ("王小可", "John Smith", "different"),
    ("Wang Lihui", "Wang Lihua", "different"),
    ("momo", "王小可", None),
    ("随风", "随风", None),
    ("Иван Петров", "Ivan Petrov", None),
]


class Reader:
    """Reads names with the project's own SQL, without a build for each."""

    def __init__(self, connection: psycopg.Connection, query: str) -> None:
        """Keep the compiled model, with a table of texts in the place of profiles."""
        self.connection = connection
        self.query = query
        connection.execute(
            "create temporary table given_names (person_name text, email_name text)"
        )

    def names(self, texts: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what the model tells of each text."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute("truncate given_names")
            cursor.executemany(
                "insert into given_names values (%s, null)",
                [(text,) for text in texts],
            )
            cursor.execute("drop table if exists read_names")
            cursor.execute(f"create temporary table read_names as {self.query}")
            rows = cursor.execute("select * from read_names").fetchall()
        assert sorted(row["person_name"] for row in rows) == sorted(set(texts))
        return {row["person_name"]: row for row in rows}

    def levels(self, texts: Sequence[str]) -> dict[tuple[str, str], str | None]:
        """Return the level of every two of the texts, in both orders."""
        self.names(texts)
        rows = self.connection.execute(
            f"select one.person_name, other.person_name, {level_of('one', 'other')}"
            " from read_names as one cross join read_names as other"
        )
        return {(one, other): level for one, other, level in rows}


def level_of(left: str, right: str) -> str:
    """Return the macro's expression; it needs nothing that only dbt has."""
    text = (MACROS / "name_level.sql").read_text()
    return (
        jinja2.Environment()
        .from_string(text + "{{ name_level(left, right) }}")
        .render(left=left, right=right)
        .replace("%", "%%")
    )


@pytest.fixture(scope="module")
def reader(make_warehouse: Callable[[], Warehouse]) -> Iterator[Reader]:
    """Return a reader of names over the lists of the project."""
    warehouse = make_warehouse()
    warehouse.dbt(
        *("build", "--select", *LISTS),
        *("int_han_characters__extracted", "int_latin_words__extracted"),
    )
    warehouse.dbt("compile", "--select", "int_names__extracted")
    settings.cache_clear()
    place = "compiled/frontdesk/models/identity/matching/int_names__extracted.sql"
    query = (dbt_project().target_path / place).read_text()
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        database = connection.info.dbname
        profiles = f'"{database}"."identity"."int_profiles__extracted"'
        assert profiles in query
        connection.execute("create extension if not exists fuzzystrmatch")
        yield Reader(connection, query.replace(profiles, "given_names"))


def test_a_text_is_told_for_what_it_is(reader: Reader) -> None:
    """A full name, a part of one, or no name at all."""
    texts = [text for listed in KINDS.values() for text in listed]
    told = reader.names(texts)
    wrong = {
        text: told[text]["name_kind"]
        for kind, listed in KINDS.items()
        for text in listed
        if told[text]["name_kind"] != kind
    }
    assert wrong == {}


def test_two_names_are_as_alike_as_they_are(reader: Reader) -> None:
    """Each level has its cases, in both orders."""
    levels = reader.levels([name for one, other, _ in PAIRS for name in (one, other)])
    wrong = {
        (one, other): (levels[one, other], levels[other, one], level)
        for one, other, level in PAIRS
        if (levels[one, other], levels[other, one]) != (level, level)
    }
    assert wrong == {}


def test_characters_and_pinyin_are_as_their_packages_have_them(reader: Reader) -> None:
    """Traditional is simplified, and every spelling of the sound has one owner."""
    spellings = {
        row["simplified"]: (
            row["traditional"],
            f"{row['family_pinyin']} {row['given_pinyin']}",
            f"{row['given_pinyin']} {row['family_pinyin']}".title(),
        )
        for row in HAN_NAMES
    }
    told = reader.names(
        [text for name, others in spellings.items() for text in (name, *others)]
    )
    wrong = []
    for name, (traditional, *spelled) in spellings.items():
        if told[name]["name_key"] != told[traditional]["name_key"]:
            wrong.append(traditional)
        wrong += [
            (name, text, told[text]["owner_key"])
            for text in spelled
            if told[text]["owner_key"] != told[name]["owner_key"]
        ]
    assert wrong == []


def test_titles_say_who_is_meant(reader: Reader) -> None:
    """先生 and Mrs say a gender, 师傅 and Dr do not."""
    told = reader.names(["王先生", "王小可女士", "Mrs Green", "王师傅", "Dr Green"])
    hints = {text: row["gender_hint"] for text, row in told.items()}
    assert hints == {
        "王先生": "male",
        "王小可女士": "female",
        "Mrs Green": "female",
        "王师傅": None,
        "Dr Green": None,
    }


def wide(text: str) -> str:
    """Return a text in full width."""
    return "".join(
        chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else "　" if sign == " " else sign
        for sign in text
    )


NAMES = [row["simplified"] for row in HAN_NAMES[:60]] + [
    *("Sam Brown", "Georgia Lee", "Danfei Zheng", "Robert McDonald", "Ann Marie Hall"),
]


@given(
    name=st.sampled_from(NAMES),
    change=st.sampled_from([str.upper, str.lower, str.title, wide]),
    gap=st.sampled_from([" ", "  ", "　", "\u200b", "."]),
)
@effort(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_case_width_and_space_say_nothing(
    reader: Reader, name: str, change: Callable[[str], str], gap: str
) -> None:
    """The same name typed otherwise is an equal name."""
    if name[0] > "一":
        other = change(gap.join(name))
    else:
        other = change(name.replace(" ", gap if gap.isspace() else " "))
    assert reader.levels([name, other])[name, other] == "equal"


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    min_size=1,
    max_size=40,
)
MIXED = st.lists(
    st.sampled_from(
        [*"王李小可伟刘女士先生*某A. ", "brown", "sam ", "zheng", "Mr ", "'"]
    ),
    min_size=1,
    max_size=6,
).map("".join)


@given(texts=st.lists(ANY_TEXT | MIXED, min_size=2, max_size=12, unique=True))
@effort(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_breaks_it_and_no_order_matters(
    reader: Reader, texts: list[str]
) -> None:
    """Any script gives one row, and a pair has one level whichever is first."""
    levels = reader.levels(texts)
    assert set(levels.values()) <= LEVELS
    assert [pair for pair, level in levels.items() if levels[pair[::-1]] != level] == []
