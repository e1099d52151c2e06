using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Pages: each continues after the last document of the one before.</summary>
internal static class ViewPageCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        .. from order in new int?[] { null, 0, 1 }
           from reverse in Enumerable.Range(0, 2)
           select new ViewStorageCase(
               $"Pages_by_{(order is { } index ? $"index_{index}" : "key")}{(reverse == 1 ? "_in_reverse_order" : "")}_give_each_document_once", views => Pages(views, order, reverse == 1)),
        ViewStorageCase.Of(Page_continues_where_its_last_document_was_removed),
        ViewStorageCase.Of(Page_after_the_last_document_is_empty),
    ];

    // The values have ties and documents without one; the conditions leave some of them.
    private static void Pages(ViewsUnderTest views, int? order, bool descending)
    {
        var snapshot = ViewReadCases.Filled(views, out var model);
        foreach (var conditions in new ViewCondition[][] { [], [new(0, 0, "b")], [new(1, 1, 3)], [new(1, default(ViewValue), default(ViewValue))] })
            foreach (var max in new[] { 1, 2, 3, 7, 50 })
            {
                var read = new ViewRead { Table = 0, Conditions = conditions, OrderBy = order, Descending = descending, Max = max };
                var found = new List<StoredViewRow>();
                for (var page = snapshot.Read(read); page.Count > 0; page = snapshot.Read(read with { After = (page[^1].Order, page[^1].Key) }))
                {
                    found.AddRange(page);
                    if (found.Count > model.Count) break;
                }

                Expect.Equal(model.Read(read with { Max = 1000 }).Select(row => row.Key), found.Select(row => row.Key), $"keys of pages of {max} with {conditions.Length} conditions");
            }
    }

    private static void Page_continues_where_its_last_document_was_removed(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w =>
        {
            for (var i = 0; i < 6; i++) Put(w, $"k{i}", "{}", 1, 0, "x", i / 2);
        });
        foreach (var (order, descending, expected) in new (int?, bool, string)[] { (null, false, "k3 k4 k5"), (0, false, "k3 k4 k5"), (1, false, "k3 k4 k5"), (null, true, "k1 k0"), (0, true, "k1 k0"), (1, true, "k1 k0") })
        {
            var read = new ViewRead { Table = 0, OrderBy = order, Descending = descending, Max = descending ? 4 : 3 };
            var last = views.Snapshot(build).Read(read)[^1];
            Expect.Equal("k2", last.Key, "last key of the page");
            Commit(writer, 2, w => w.Remove(0, "k2", GlobalPosition.FromInt64(1)));
            Expect.Equal(expected, string.Join(' ', views.Snapshot(build).Read(read with { After = (last.Order, last.Key) }).Select(row => row.Key)), "keys of the next page");
            Commit(writer, 3, w => Put(w, "k2", "{}", 3, 0, "x", 1));
        }
    }

    private static void Page_after_the_last_document_is_empty(ViewsUnderTest views)
    {
        var snapshot = ViewReadCases.Filled(views, out _);
        foreach (var order in new int?[] { null, 0, 1 })
            foreach (var descending in new[] { false, true })
            {
                var read = new ViewRead { Table = 0, OrderBy = order, Descending = descending, Max = 1000 };
                var last = snapshot.Read(read)[^1];
                Expect.Equal(0, snapshot.Read(read with { After = (last.Order, last.Key) }).Count, "documents of the next page");
            }
    }
}
