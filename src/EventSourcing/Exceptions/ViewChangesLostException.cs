namespace EventSourcing;

/// <summary>The changes of a view cannot be continued after a token without a gap: the view was built again or has a new version, or the changes after the token are kept no longer. Read the view, and continue from the token of that read.</summary>
public sealed class ViewChangesLostException : EventSourcingException
{
    /// <summary>Reports the token.</summary>
    /// <param name="projection">The projection.</param>
    /// <param name="token">The token.</param>
    /// <param name="reason">Why no change follows it: a clause without a full stop.</param>
    public ViewChangesLostException(string projection, ViewChangeToken token, string reason)
        : base($"The changes of view '{projection}' cannot be continued after token '{token}': {reason}. Read the view in a snapshot (EventViews.OpenSnapshotAsync), and continue from the token of the snapshot (ViewSnapshot.ChangeToken).") =>
        (Projection, Token) = (projection, token);

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The token.</summary>
    public ViewChangeToken Token { get; }
}
