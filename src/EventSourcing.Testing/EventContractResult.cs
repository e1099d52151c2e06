namespace EventSourcing.Testing;

/// <summary>What <see cref="EventContract.Verify"/> found and did.</summary>
public enum EventContractResult
{
    /// <summary>The file says what the type map says.</summary>
    Unchanged,

    /// <summary>There was no file; it was written. Commit it.</summary>
    Created,

    /// <summary>The type map has changed, and every stored event stays readable; the file was written. Commit it.</summary>
    Updated,
}
