using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Reading and counting: order and conditions.</summary>
internal static class ViewReadCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Documents_are_read_in_order_of_key),
        ViewStorageCase.Of(Documents_are_read_in_order_of_an_index),
        ViewStorageCase.Of(Values_of_all_kinds_sort_as_they_compare),
        ViewStorageCase.Of(Order_of_a_document_is_its_value),
        ViewStorageCase.Of(Condition_of_equality_finds_values_of_all_kinds),
        ViewStorageCase.Of(Condition_of_a_range_has_inclusive_bounds),
        ViewStorageCase.Of(Condition_with_a_bound_without_a_value_is_met_as_it_says),
        ViewStorageCase.Of(Several_conditions_are_met_together),
        ViewStorageCase.Of(Conditions_and_order_are_of_different_indexes),
        ViewStorageCase.Of(Page_holds_no_more_than_its_maximum),
    ];

    private static void Documents_are_read_in_order_of_key(ViewsUnderTest views)
    {
        string[] sorted = ["!", "A", "B", "a", "a!", "aa", "b", "é", "\uFF5E", "😀", "😀a"];
        var build = views.Create();
        Commit(views.Writer(build), 1, w =>
        {
            foreach (var key in sorted.Reverse()) Put(w, key, "{}", 1, 0, "x", 1);
        });
        var snapshot = views.Snapshot(build);
        Expect.Equal(sorted, Keys(snapshot, new() { Table = 0, Max = 100 }), "keys");
        Expect.Equal(sorted.Reverse(), Keys(snapshot, new() { Table = 0, Max = 100, Descending = true }), "keys in reverse order");
        Expect.Equal(sorted[5..], Keys(snapshot, new() { Table = 0, Max = 100, After = (default, "a!") }), "keys after one");
        Expect.Equal(sorted[..4].Reverse(), Keys(snapshot, new() { Table = 0, Max = 100, Descending = true, After = (default, "a!") }), "keys before one, in reverse order");
    }

    private static void Documents_are_read_in_order_of_an_index(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        foreach (var index in new[] { 0, 1 })
            foreach (var descending in new[] { false, true }) Same(snapshot, model, new ViewRead { Table = 0, OrderBy = index, Descending = descending, Max = 1000 });
    }

    private static void Values_of_all_kinds_sort_as_they_compare(ViewsUnderTest views)
    {
        var build = views.Create();
        Commit(views.Writer(build), 1, w =>
        {
            // The keys are in the reverse order of the values, so that only the values can order them.
            for (var i = 0; i < ViewModel.AllValues.Count; i++) Put(w, $"k{999 - i}", "{}", 1, 0, ViewModel.AllValues[i], i);
        });
        var rows = views.Snapshot(build).Read(new() { Table = 0, OrderBy = 0, Max = 1000 });
        Expect.Equal(ViewModel.AllValues.Count, rows.Count, "documents");
        for (var i = 0; i < rows.Count; i++)
            Expect.True(rows[i].Order == ViewModel.AllValues[i], $"value {i + 1} is {ViewModel.AllValues[i]}, not {rows[i].Order}");
    }

    private static void Order_of_a_document_is_its_value(ViewsUnderTest views)
    {
        var build = views.Create();
        Commit(views.Writer(build), 1, w => Put(w, "a", "1", 1, 0, "ann", 62.5m));
        var snapshot = views.Snapshot(build);
        foreach (var (index, expected) in new (int?, ViewValue)[] { (null, default), (0, "ann"), (1, 62.5) })
        {
            var row = snapshot.Read(new() { Table = 0, OrderBy = index, Max = 1 })[0];
            Expect.Equal(("a@1 1", expected, expected.Kind), (Text(row), row.Order, row.Order.Kind), "document, order and kind");
        }
    }

    private static void Condition_of_equality_finds_values_of_all_kinds(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        foreach (var value in ViewModel.AllValues) Same(snapshot, model, [new(0, value, value)]);
        foreach (var value in new ViewValue[] { "none", 3, 3.5, "1 " }) Expect.Equal(0L, snapshot.Count(0, [new(0, value, value)]), $"documents with {value}");
    }

    private static void Condition_of_a_range_has_inclusive_bounds(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        Same(snapshot, model, [new(0, null, null)]);
        var bounds = ViewModel.AllValues.Where((value, i) => value.Kind != ViewValueKind.Null && i % 3 == 1).ToArray();
        foreach (var from in bounds)
        {
            Same(snapshot, model, [new(0, from, null)]);
            Same(snapshot, model, [new(0, null, from)]);
            foreach (var through in bounds) Same(snapshot, model, [new(0, from, through)]);
        }
    }

    // The value without a value sorts before all others, and no range meets it.
    private static void Condition_with_a_bound_without_a_value_is_met_as_it_says(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        Same(snapshot, model, [new(0, default(ViewValue), default(ViewValue))]);
        Same(snapshot, model, [new(0, default(ViewValue), null)]);
        Same(snapshot, model, [new(0, default(ViewValue), 10)]);
        Same(snapshot, model, [new(0, null, default(ViewValue))]);
        Same(snapshot, model, [new(0, 10, default(ViewValue))]);
    }

    private static void Several_conditions_are_met_together(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        ViewCondition[][] all =
        [
            [new(0, "a", null), new(1, 3, 3)], [new(0, null, 10), new(1, 2, 4)], [new(0, default(ViewValue), default(ViewValue)), new(1, 0, null)], [new(1, default(ViewValue), default(ViewValue)), new(0, 0, "z")],
            [new(0, 0, null), new(0, null, "a")], [new(0, "a", "a"), new(0, "b", "b")], [new(0, "a", null), new(0, null, "z"), new(1, 1, 5), new(1, 2, 9)],
        ];
        foreach (var conditions in all) Same(snapshot, model, conditions);
    }

    private static void Conditions_and_order_are_of_different_indexes(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        foreach (var order in new int?[] { null, 0, 1 })
            foreach (var descending in new[] { false, true })
                foreach (var conditions in new ViewCondition[][] { [], [new(0, 0, "b")], [new(1, 1, 3)], [new(0, 0, "b"), new(1, 1, 3)] })
                    Same(snapshot, model, new ViewRead { Table = 0, OrderBy = order, Descending = descending, Conditions = conditions, Max = 1000 });
    }

    private static void Page_holds_no_more_than_its_maximum(ViewsUnderTest views)
    {
        var snapshot = Filled(views, out var model);
        foreach (var max in new[] { 1, 2, model.Count - 1, model.Count, model.Count + 1, int.MaxValue })
            Expect.Equal(Math.Min(max, model.Count), snapshot.Read(new() { Table = 0, OrderBy = 0, Max = max }).Count, $"documents of a page of {max}");
    }

    /// <summary>A snapshot of a build with values of all kinds, every one of them in one to three documents.</summary>
    internal static IViewSnapshot Filled(ViewsUnderTest views, out ViewModel model)
    {
        var filled = model = new ViewModel();
        var values = ViewModel.AllValues;
        for (var i = 0; i < values.Count; i++)
            for (var copy = 0; copy <= i % 3; copy++)
                filled.Add($"k{(i * 37 + copy * 11) % 100:D2}-{i}-{copy}", values[i], (i + copy) % 6 == 5 ? default : (ViewValue)((i + copy) % 6));
        var build = views.Create();
        Commit(views.Writer(build), 1, filled.WriteTo);
        return views.Snapshot(build);
    }

    private static string[] Keys(IViewSnapshot snapshot, ViewRead read) => [.. snapshot.Read(read).Select(row => row.Key)];

    private static void Same(IViewSnapshot snapshot, ViewModel model, ViewCondition[] conditions)
    {
        Same(snapshot, model, new ViewRead { Table = 0, Conditions = conditions, Max = 1000 });
        Expect.Equal(model.CountOf(conditions), snapshot.Count(0, conditions), $"number of documents with {Describe(conditions)}");
    }

    private static void Same(IViewSnapshot snapshot, ViewModel model, ViewRead read)
    {
        var what = $"with {Describe(read.Conditions)}, by {(read.OrderBy is { } index ? $"index {index}" : "key")}{(read.Descending ? " in reverse order" : "")}";
        var found = snapshot.Read(read);
        Expect.Equal(model.Read(read).Select(row => row.Key), found.Select(row => row.Key), $"keys {what}");
        Expect.Equal(model.Read(read).Select(row => row.Order), found.Select(row => row.Order), $"values {what}");
    }

    private static string Describe(IReadOnlyList<ViewCondition> conditions) => conditions.Count == 0 ? "no condition" : string.Join(" and ", conditions);
}
