namespace EventSourcing.LoadTests.Soak;

/// <summary>What went otherwise than promised. Thread-safe.</summary>
internal sealed class Faults
{
    private const int Shown = 30, Enough = 200;

    private readonly CancellationTokenSource _enough = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Cancelled when there are so many that a longer run shows nothing more.</summary>
    public CancellationToken AreEnough => _enough.Token;

    public void Report(string who, string what)
    {
        var count = Interlocked.Increment(ref _count);
        if (count <= Shown) Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} fault {count}, {who}: {what}");
        if (count == Enough) _enough.Cancel();
    }

    /// <summary>Reports unless what has to be true is.</summary>
    public bool Expect(bool isTrue, string who, string what)
    {
        if (!isTrue) Report(who, what);
        return isTrue;
    }
}
