namespace EventSourcing;

/// <summary>A runner is no longer the one that may deliver: another took its lease over, or it was not renewed in time. What it tried to write was not written.</summary>
public sealed class LeaseLostException : EventSourcingException
{
    /// <summary>Reports whose lease it was.</summary>
    /// <param name="name">The lease: a subscription's name, with its partition where it has several.</param>
    /// <param name="owner">The owner that lost it.</param>
    /// <param name="fencingToken">The fencing token of the lease: a later holder's is higher.</param>
    public LeaseLostException(string name, Guid owner, long fencingToken)
        : base($"The lease '{name}' of owner {owner} with fencing token {fencingToken} is lost: it was taken over, or not renewed in time. Nothing was written.") =>
        (Name, Owner, FencingToken) = (name, owner, fencingToken);

    /// <summary>The lease: a subscription's name, with its partition where it has several.</summary>
    public string Name { get; }

    /// <summary>The owner that lost it.</summary>
    public Guid Owner { get; }

    /// <summary>The fencing token of the lease: a later holder's is higher.</summary>
    public long FencingToken { get; }
}
