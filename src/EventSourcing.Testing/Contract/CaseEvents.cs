using System.Text.Json.Serialization;

namespace EventSourcing.Testing.Contract;

/// <summary>Events, a state and an aggregate for the cases of the typed store.</summary>
internal static class CaseEvents
{
    internal static EventTypeMap Types { get; } = Map(CaseJson.Default);

    internal static EventTypeMap Map(CaseJson json, Action<EventTypeMapBuilder>? more = null) => EventTypeMap.Create(json, map =>
    {
        Add(map, json);
        more?.Invoke(map);
    });

    private static void Add(EventTypeMapBuilder map, CaseJson json) => map
        .Add<Added>("added")
        .Add<Taken>("taken")
        .Add<Labelled>("labelled", e => e.Tag("text", "text").Tag("number", "number").Tag("flag", "flag").Tag("many", "many").Tag("absent", "absent"))
        .Add<Nested>("nested", e => e.Tag("label", "inner"))
        .Add<Unwritable>("unwritable");
}

internal record Added(int Count, string? Note = null);

internal sealed record AddedMore(int Count) : Added(Count);

internal sealed record Taken(int Count);

internal sealed record Labelled(string? Text = null, decimal? Number = null, bool? Flag = null, IReadOnlyList<string?>? Many = null)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Absent { get; init; }
}

internal sealed record Nested(Labelled Inner);

/// <summary>Throws in the middle of its JSON.</summary>
internal sealed record Unwritable(int Count)
{
    public string Text => Count < 0 ? "" : throw new InvalidOperationException("cannot be written");
}

/// <summary>A count, and the events that led to it.</summary>
internal sealed record Stock(int Count, int Events) : IState<Stock>
{
    public static Stock Create() => new(0, 0);

    public Stock Apply(object @event) => @event switch
    {
        Added e => new(Count + e.Count, Events + 1),
        Taken e => new(Count - e.Count, Events + 1),
        _ => this with { Events = Events + 1 },
    };

    internal IEnumerable<object> Take(int count) => count <= Count ? [new Taken(count)] : throw new OutOfStockException();
}

/// <summary>The same state as an aggregate.</summary>
internal sealed class StockItem : Aggregate
{
    internal int Count { get; private set; }

    internal void Add(int count) => Raise(new Added(count));

    internal void Take(int count)
    {
        if (count > Count) throw new OutOfStockException();
        Raise(new EventData(new Taken(count)).At(DateTimeOffset.UnixEpoch));
    }

    protected override void Apply(object @event) => Count += @event switch
    {
        Added e => e.Count,
        Taken e => -e.Count,
        _ => 0,
    };
}

internal sealed class OutOfStockException : Exception;

/// <summary>A command that takes a number of items from a stream's stock.</summary>
internal sealed record Take(string Stream, int Count);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Take)), JsonSerializable(typeof(Added)), JsonSerializable(typeof(Taken)), JsonSerializable(typeof(Labelled)), JsonSerializable(typeof(Nested)), JsonSerializable(typeof(Unwritable))]
internal sealed partial class CaseJson : JsonSerializerContext;
