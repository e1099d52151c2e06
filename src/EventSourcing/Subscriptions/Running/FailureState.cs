namespace EventSourcing.Subscriptions.Running;

internal static class FailureState
{
    /// <summary>True for a failure of the log that a loop retries. A full or read-only disk is an error for a caller; a loop has no caller that would retry.</summary>
    internal static bool MayPass(Exception error) => error is StoreFullException or StoreReadOnlyException or EventSourcingException { IsTransient: true };
}
