"""The rules of the grammar: a function each, from a `Draw` to a `Draft`; its name is the shape of the pair."""

from converters.questions.shapes import analysts, columns, computed, families, figures, groups, joins, periods, plain

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
        analysts.top_per_group, analysts.top_per_parent, analysts.ranking, periods.counts_over_time,
        periods.running_total, periods.change_over_time, periods.best_period, analysts.bucket,
        analysts.above_own_average, periods.not_since, periods.latest_per_parent, periods.weekday,
        analysts.counts_compared,
        computed.computed_of, computed.computed_top, computed.computed_figure, computed.computed_group,
        computed.computed_per_parent,
    )
}  # fmt: skip
