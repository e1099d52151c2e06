namespace EventSourcing.Internal;

/// <summary>What every reader of several pages has to say.</summary>
internal static class LogPages
{
    /// <summary>Pages of different generations do not belong together, and what was made of the first ones cannot be undone: the caller begins anew.</summary>
    internal static StoreUnavailableException OfAnotherGeneration() =>
        new("Events of the log were merged or removed while it was read; read it again.");
}
