using System.Globalization;

namespace EventSourcing.KillTest.Views;

internal sealed record Stocked(string Group, long Amount);

internal sealed record Regrouped(string From, string To);

internal sealed record Discarded(string Reason);

/// <summary>How many events there were, the sum of their positions, and the last position.</summary>
internal sealed record CountRow(long Count, long Sum, long Last);

/// <param name="Group">The group.</param>
/// <param name="Amount">The amount.</param>
/// <param name="Changes">How many events have changed the document.</param>
/// <param name="Version">The version of the view set that has written the document.</param>
/// <param name="Note">Makes the document as large as documents often are.</param>
internal sealed record ItemRow(string Group, long Amount, long Changes, int Version, string Note);

/// <summary>The events of the runs and the view sets that they run.</summary>
internal static class Items
{
    internal const string Counts = "counts", ByType = "by-type", ByStream = "by-stream", List = "items";

    internal static readonly EventTypeMap Types = EventTypeMap.Create(KillJson.Default, map => map.Add<Stocked>("stocked").Add<Regrouped>("regrouped").Add<Discarded>("discarded"));

    internal static ViewSet[] Sets() => [new(Counts, 1, [new CountByType(), new CountByStream()]), new ItemList(1)];

    internal static string Stream(int item) => string.Create(CultureInfo.InvariantCulture, $"item-{item}");

    internal static string Group(int number) => string.Create(CultureInfo.InvariantCulture, $"g{number}");

    internal static string Note(long amount) => string.Create(CultureInfo.InvariantCulture, $"{amount,300}");

    /// <summary>Some events of one stream, most of them of the type that creates a document.</summary>
    internal static object[] Some(Random random)
    {
        var events = new object[random.Next(1, 4)];
        for (var i = 0; i < events.Length; i++)
            events[i] = random.Next(20) switch
            {
                0 => new Regrouped(Group(random.Next(12)), Group(random.Next(12))),
                1 => new Discarded("damaged"),
                _ => new Stocked(Group(random.Next(12)), random.Next(1, 100)),
            };
        return events;
    }
}

/// <summary>Counts every event once, by its type.</summary>
internal sealed class CountByType : Projection<CountRow>
{
    internal CountByType() : base(Items.ByType, 1, KillJson.Default.CountRow)
    {
        Key<Stocked>((_, envelope) => envelope.Type);
        Key<Regrouped>((_, envelope) => envelope.Type);
        Key<Discarded>((_, envelope) => envelope.Type);
        On<Stocked>((row, _, envelope) => Next(row, envelope));
        On<Regrouped>((row, _, envelope) => Next(row, envelope));
        On<Discarded>((row, _, envelope) => Next(row, envelope));
    }

    internal static CountRow Next(CountRow? row, EventEnvelope envelope)
    {
        var position = envelope.Position.ToInt64();
        return new((row?.Count ?? 0) + 1, (row?.Sum ?? 0) + position, position);
    }
}

/// <summary>Counts every event once, by its stream.</summary>
internal sealed class CountByStream : Projection<CountRow>
{
    internal CountByStream() : base(Items.ByStream, 1, KillJson.Default.CountRow)
    {
        KeyIsStream();
        On<Stocked>((row, _, envelope) => Handled(row, envelope));
        On<Regrouped>((row, _, envelope) => Handled(row, envelope));
        On<Discarded>((row, _, envelope) => Handled(row, envelope));
    }

    private static CountRow Handled(CountRow? row, EventEnvelope envelope)
    {
        SlowHandler.Handle();
        return CountByType.Next(row, envelope);
    }
}

/// <summary>The items by key, with an index by which events find the items of a group.</summary>
internal sealed class ItemList : Projection<ItemRow>
{
    internal ItemList(int version) : base(Items.List, version, KillJson.Default.ItemRow)
    {
        KeyIsStream("item");
        Index("group", row => row.Group);
        Keys<Regrouped>((e, rows) => rows.Find("group", e.From));
        On<Stocked>((row, e) => new(e.Group, (row?.Amount ?? 0) + e.Amount, (row?.Changes ?? 0) + 1, version, Items.Note(e.Amount)));
        OnExisting<Regrouped>((row, e) => row with { Group = e.To, Changes = row.Changes + 1 });
        On<Discarded>((_, _) => null);
    }
}
