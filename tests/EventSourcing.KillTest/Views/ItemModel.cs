namespace EventSourcing.KillTest.Views;

/// <summary>What the views must hold, folded from the log without the library's projections.</summary>
internal sealed class ItemModel
{
    private readonly Dictionary<string, CountRow> _types = [], _streams = [];
    private readonly Dictionary<string, ItemRow> _items = [];

    /// <summary>Folds the log through a position.</summary>
    internal static async Task<ItemModel> ReadAsync(EventStore store, GlobalPosition through)
    {
        var model = new ItemModel();
        await foreach (var e in store.ReadAllAsync())
        {
            if (e.Position > through) break;
            model.Fold(e);
        }

        return model;
    }

    /// <summary>How many documents of a set are not what they must be.</summary>
    internal async Task<int> CountWrongAsync(ViewSnapshot snapshot, string set) => set == Items.Counts
        ? await CountWrongAsync(snapshot.View<CountRow>(Items.ByType), _types) + await CountWrongAsync(snapshot.View<CountRow>(Items.ByStream), _streams)
        : await CountWrongAsync(snapshot.View<ItemRow>(), _items) + await CountWrongGroupsAsync(snapshot.View<ItemRow>());

    private static async Task<int> CountWrongAsync<T>(IView<T> view, Dictionary<string, T> expected) where T : class
    {
        var found = await view.FindManyAsync(expected.Keys);
        var wrong = expected.Count(pair => !pair.Value.Equals(found.GetValueOrDefault(pair.Key)));
        return wrong + (int)Math.Abs(await view.All.CountAsync() - expected.Count);
    }

    private async Task<int> CountWrongGroupsAsync(IView<ItemRow> view)
    {
        var wrong = 0;
        foreach (var group in _items.Values.GroupBy(item => item.Group))
        {
            var found = new List<ItemRow>();
            await foreach (var row in view.Where("group", group.Key).ReadAsync()) found.Add(row);
            if (!found.OrderBy(Text, StringComparer.Ordinal).SequenceEqual(group.OrderBy(Text, StringComparer.Ordinal))) wrong++;
        }

        return wrong;

        static string Text(ItemRow row) => row.ToString();
    }

    private void Fold(EventEnvelope e)
    {
        var (stream, position) = (e.StreamId.ToString(), e.Position.ToInt64());
        Count(_types, e.Type, position);
        Count(_streams, stream, position);
        var item = stream["item-".Length..];
        switch (e.Data)
        {
            case Stocked stocked:
                var (amount, changes) = _items.TryGetValue(item, out var known) ? (known.Amount, known.Changes) : default;
                _items[item] = new(stocked.Group, amount + stocked.Amount, changes + 1, 1, Items.Note(stocked.Amount));
                break;
            case Regrouped regrouped:
                foreach (var (key, row) in _items.Where(pair => pair.Value.Group == regrouped.From).ToList())
                    _items[key] = row with { Group = regrouped.To, Changes = row.Changes + 1 };
                break;
            case Discarded:
                _items.Remove(item);
                break;
        }
    }

    private static void Count(Dictionary<string, CountRow> rows, string key, long position)
    {
        var (count, sum) = rows.TryGetValue(key, out var row) ? (row.Count, row.Sum) : default;
        rows[key] = new(count + 1, sum + position, position);
    }
}
