namespace EventSourcing.Storage;

/// <summary>Which way a read goes.</summary>
public enum ReadDirection
{
    /// <summary>Oldest first.</summary>
    Forward,

    /// <summary>Newest first.</summary>
    Backward,
}
