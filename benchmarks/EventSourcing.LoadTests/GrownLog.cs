using EventSourcing.Benchmarks;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>The contents of a log of any size: streams of 100 events interleaved, others of 100 events in one append, one tag on 10 events and one on 10,000, each spread over the whole log.</summary>
internal static class GrownLog
{
    public const int PerStream = 100, RareEvents = 10, FrequentEvents = 10_000;
    public const string Rare = "rare", Frequent = "frequent", OtherType = "OrderCancelled";

    private const int PerAppend = 1000;

    private static readonly Tag s_rare = new("all", Rare), s_frequent = new("all", Frequent);
    private static readonly Tag[][] s_tags = [[], [s_rare], [s_frequent], [s_rare, s_frequent]];

    public static StreamId Stream(int number) => new($"order-{number:D7}");

    public static StreamId Compact(int number) => new($"compact-{number:D7}");

    /// <summary>How many streams whose events lie together a log has.</summary>
    public static int CompactIn(int events) => Math.Min(events / PerAppend, 1000);

    public static LogEvent Event(IReadOnlyList<Tag>? tags) =>
        new() { Type = Sample.Type, Data = Sample.Data, Metadata = Sample.Metadata, IsJson = true, Tags = tags };

    public static async Task FillAsync(IEventLog log, int events)
    {
        var streams = events / PerStream;
        var writes = new StreamWrite[PerAppend];
        var append = new LogAppend { Writes = writes };
        var together = Enumerable.Repeat(Event(null), PerStream).ToArray();
        for (var i = 0; i < events; i += PerAppend)
        {
            for (var k = 0; k < PerAppend; k++)
                writes[k] = new(Stream((i + k) % streams), ExpectedVersion.Any, new[] { Event(TagsOf(i + k, events)) });
            await log.AppendAsync(append, CancellationToken.None);
            var (part, parts) = (i / PerAppend, events / PerAppend / CompactIn(events));
            if (part % parts == 0) await log.AppendAsync(new() { Writes = new[] { new StreamWrite(Compact(part / parts), ExpectedVersion.NoStream, together) } }, CancellationToken.None);
        }

        writes[0] = new("other", ExpectedVersion.Any, new[] { Event(null) with { Type = OtherType } });
        await log.AppendAsync(new() { Writes = writes.AsMemory(0, 1) }, CancellationToken.None);
    }

    private static Tag[]? TagsOf(int number, int events)
    {
        var tags = s_tags[(number % (events / RareEvents) == 0 ? 1 : 0) + (number % (events / FrequentEvents) == 0 ? 2 : 0)];
        return tags.Length == 0 ? null : tags;
    }
}
