"""From raw to marts and exports: the dbt project inside Dagster."""
