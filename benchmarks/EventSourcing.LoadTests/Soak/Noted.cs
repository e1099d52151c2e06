using System.Text.Json.Serialization;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Every event of the soak has a number that no other has, given by the <see cref="Ledger"/>.</summary>
internal interface INumbered
{
    long Number { get; }
}

/// <summary>An event that was appended.</summary>
internal sealed record Noted(long Number, string By) : INumbered;

/// <summary>An event that was decided on a state of so many events.</summary>
internal sealed record Decided(long Number, long Seen) : INumbered;

/// <summary>How many events a stream has.</summary>
internal sealed record Counted(long Events) : IState<Counted>
{
    public static Counted Create() => new(0);

    public Counted Apply(object @event) => new(Events + 1);
}

internal static class SoakEvents
{
    /// <summary>The stored name of <see cref="Noted"/>, for those who insert in SQL.</summary>
    public const string NotedType = "noted";

    private const int Streams = 1000;

    public static EventTypeMap Types { get; } = EventTypeMap.Create(SoakJson.Default, map => map.Add<Noted>(NotedType).Add<Decided>("decided"));

    /// <summary>One of the streams that stay. Their number is bounded, so that caches of names are full before memory is judged.</summary>
    public static StreamId AnyStream() => $"soak-{Random.Shared.Next(Streams)}";
}

[JsonSerializable(typeof(Noted)), JsonSerializable(typeof(Decided))]
internal sealed partial class SoakJson : JsonSerializerContext;
