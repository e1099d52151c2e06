using EventSourcing.Benchmarks;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Streams of ten events with GUID names, a thousand of them active at a time: the same sequence for every layout.</summary>
internal sealed class ShortLivedStreams
{
    private const int Active = 1000, Length = 10;

    private readonly Random _random = new(9);
    private readonly (ulong Number, string Name, int Version)[] _active = new (ulong, string, int)[Active];
    private ulong _next;

    public ShortLivedStreams()
    {
        for (var i = 0; i < Active; i++) _active[i] = New();
    }

    /// <summary>The stream of the next event: its number from 0, its name, and its version before the event.</summary>
    public (ulong Number, string Name, int Version) Next()
    {
        ref var stream = ref _active[_random.Next(Active)];
        if (stream.Version == Length) stream = New();
        var current = stream;
        stream.Version++;
        return current;
    }

    private (ulong, string, int) New() => (_next, Sample.GuidName(_next++), 0);
}
