"""The rules of the grammar: a function each, from a `Draw` to a `Draft`; its name is the shape of the pair."""

from converters.questions.shapes import (
    analysts,
    calendar,
    columns,
    compared,
    computed,
    families,
    figures,
    groups,
    joins,
    periods,
    plain,
    rows,
    side_by_side,
    windows,
)

SHAPES = {
    rule.__name__: rule
    for rule in (
        plain.count_all, plain.count_filter, plain.list_filter, plain.list_two_filters, plain.list_columns, plain.lookup,
        plain.top, plain.top_n, plain.second, plain.sort, figures.aggregate, figures.aggregates, figures.above_average,
        columns.distinct, columns.either, columns.excluded, columns.like, columns.missing, columns.both,
        groups.group_count, groups.group_aggregate, groups.group_several, groups.group_most, groups.group_top_n,
        groups.having, groups.two_groupers, groups.share_of_groups, groups.share_of_sum, groups.share_of_one,
        groups.group_above_average, groups.groups_of_value,
        joins.children_of, joins.parent_of, joins.both_columns, joins.by_parent_filter, families.count_per_parent,
        families.most_children, families.having_children, families.never, families.in_both, joins.parent_of_extreme,
        families.figure_per_parent, families.through,
        windows.top_per_group, analysts.top_per_parent, windows.ranking, periods.counts_over_time,
        windows.running_total, windows.change_over_time, periods.best_period, analysts.bucket,
        analysts.above_own_average, periods.not_since, periods.latest_per_parent, periods.weekday,
        analysts.counts_compared,
        computed.computed_of, computed.computed_top, computed.computed_figure, computed.computed_group,
        computed.computed_per_parent,
        side_by_side.part_of_count, side_by_side.part_over_time, side_by_side.columns_compared,
        windows.moving_average, side_by_side.group_range, side_by_side.distinct_per_group,
        side_by_side.extreme_of_each_group, side_by_side.distinct_with_first,
        windows.running_total_of_groups, windows.rank_in_group, windows.rank_of_groups, windows.share_beside_count,
        windows.against_group_average, calendar.counts_in_year, calendar.counts_in_range, calendar.decades,
        calendar.counts_by_clock, calendar.busiest, calendar.figure_over_time, calendar.best_period_figure,
        rows.all_columns, rows.all_of_one, rows.latest_rows, rows.top_values, rows.share_of_group, rows.unfinished,
        compared.more_than_named, compared.same_as_named, compared.best_of_group, compared.pairs_alike,
        joins.distinct_children,
        computed.computed_list, computed.computed_above_average, computed.computed_rank_in_group,
    )
}  # fmt: skip
