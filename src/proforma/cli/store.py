"""`proforma store`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proforma.cli.context import given
from proforma.cli.group import group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proforma.cli.output import Output
    from proforma.store.copying import TableProof

app = group("The store as a whole: move it to another database.")


@app.callback()
def store() -> None:
    """The store as a whole: move it to another database."""


@app.command(
    epilog="Examples: proforma store copy --to postgresql+psycopg://proforma@db.example.com/proforma  |  "
    "proforma --json store copy --to sqlite:///copy.db --check"
)
def copy(
    ctx: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="URL", envvar="PROFORMA_COPY_TO", help="An empty database.", show_envvar=True)],
    check: Annotated[bool, typer.Option("--check", help="Copy nothing: compare the store with an earlier copy.")] = False,
) -> None:
    """Copy the store to another database, from SQLite to PostgreSQL or back, and prove that both hold the same.

    All of it or nothing: a copy that was interrupted leaves the target empty. The store itself is not changed.
    """
    from proforma.store import Store
    from proforma.store.copying import compare_stores, copy_store, copy_target, row_total
    from proforma.sync.workshop import store_url

    context = given(ctx)
    progress = context.out.progress()
    with Store.open(store_url(context.configuration), migrate=False) as source:
        rows = row_total(source)
        if check:
            with Store.open(to, migrate=False) as target:
                progress.begin("compare", rows + row_total(target))
                proofs = compare_stores(source, target, told=progress.advance)
                where = target.url
        else:
            with copy_target(to, source) as target:
                progress.begin("copy and compare", 3 * rows)
                proofs = copy_store(source, target, told=progress.advance)
                where = target.url
        progress.end()
    if _report(context.out, proofs, where, copied=not check):
        raise typer.Exit(1)


def _report(out: Output, proofs: Sequence[TableProof], where: str, *, copied: bool) -> bool:
    """The tables of both sides; whether they differ."""
    equal = all(proof.is_equal for proof in proofs)
    if out.json:
        tables = [
            {"table": proof.table, "rows": list(proof.rows), "digests": list(proof.digests), "equal": proof.is_equal} for proof in proofs
        ]
        out.document({"to": where, "copied": copied, "equal": equal, "tables": tables})
        return not equal
    shown = [p for p in proofs if any(p.rows)]
    rows = [(p.table, str(p.rows[0]), str(p.rows[1]), p.digests[0][:16], "equal" if p.is_equal else "DIFFERENT") for p in shown]
    out.table(("table", "rows", "rows there", "digest", "compared"), rows, right=("rows", "rows there"))
    total = sum(proof.rows[0] for proof in proofs)
    if not equal:
        out.warn(f"the two differ: {', '.join(proof.table for proof in proofs if not proof.is_equal)}")
    elif copied:
        out.line(f"{total} rows in {len(proofs)} tables are there, equal to the last digit")
        out.remark(f"now write `store: {where}` into the configuration; never run on both: each would push what the other has pushed")
    else:
        out.line(f"{total} rows in {len(proofs)} tables are equal")
    return not equal
