namespace EventSourcing;

/// <summary>A subscription no longer holds its lease: another process took it over, or it was not renewed in time. Nothing was written.</summary>
public sealed class LeaseLostException : EventSourcingException
{
    /// <summary>Reports the lost lease.</summary>
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
