using System.Collections.Concurrent;

namespace EventSourcing.LoadTests.Soak;

/// <summary>What went otherwise than promised. Thread-safe.</summary>
internal sealed class Faults
{
    private const int ShownOfEach = 10, Enough = 1000;

    private readonly CancellationTokenSource _enough = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Cancelled when there are so many that a longer run shows nothing more.</summary>
    public CancellationToken AreEnough => _enough.Token;

    /// <summary>Shows the first ones of each reporter, and counts all.</summary>
    public void Report(string who, string what)
    {
        if (_counts.AddOrUpdate(who, 1, static (_, count) => count + 1) <= ShownOfEach) Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} fault, {who}: {what}");
        if (Interlocked.Increment(ref _count) == Enough) _enough.Cancel();
    }

    /// <summary>Reports unless what has to be true is.</summary>
    public bool Expect(bool isTrue, string who, string what)
    {
        if (!isTrue) Report(who, what);
        return isTrue;
    }

    /// <summary>How many there are, and whose.</summary>
    public override string ToString() => $"{Count:N0} faults: {string.Join(", ", _counts.OrderByDescending(c => c.Value).Select(c => $"{c.Key} {c.Value:N0}"))}";
}
