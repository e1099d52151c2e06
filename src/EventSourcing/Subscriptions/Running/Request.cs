namespace EventSourcing.Subscriptions.Running;

/// <summary>A request to a runner, done on its loop.</summary>
/// <param name="Work">The work, or a part of it. Returns false when more is left, which is done after other events were delivered.</param>
/// <param name="NeedsLease">True when it can be done only while the lease is held.</param>
internal sealed record Request(Func<ValueTask<bool>> Work, bool NeedsLease)
{
    internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
