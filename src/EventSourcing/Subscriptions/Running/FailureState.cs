namespace EventSourcing.Subscriptions.Running;

internal static class FailureState
{
    /// <summary>True for trouble with the log that a loop waits out. A disk that is full or read-only is an error for a caller; a loop has none who would try again.</summary>
    internal static bool MayPass(Exception error) => error is StoreFullException or StoreReadOnlyException or EventSourcingException { IsTransient: true };
}
