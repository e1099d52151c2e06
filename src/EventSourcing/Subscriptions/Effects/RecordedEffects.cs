namespace EventSourcing.Subscriptions.Effects;

/// <summary>What a handler enlists in a unit test. Nothing is encoded or written.</summary>
internal sealed class RecordedEffects
{
    private readonly List<(Type Transaction, Action<object> Work)> _functions = [];

    internal List<Append> Appends { get; } = [];

    internal void Enlist<TTransaction>(Action<TTransaction> effect) where TTransaction : class =>
        _functions.Add((typeof(TTransaction), transaction => effect((TTransaction)transaction)));

    /// <summary>Runs the functions in order; how many there are.</summary>
    /// <exception cref="InvalidOperationException">One was enlisted for another type of transaction.</exception>
    internal int Run<TTransaction>(TTransaction transaction) where TTransaction : class
    {
        if (_functions.Find(f => f.Transaction != typeof(TTransaction)) is { Transaction: { } other })
            throw new InvalidOperationException($"An effect was enlisted for {other}, not for {typeof(TTransaction)}.");
        foreach (var (_, work) in _functions) work(transaction);
        return _functions.Count;
    }
}
