namespace EventSourcing;

/// <summary>A command id was used before with another content. Nothing was written.</summary>
public sealed class CommandIdConflictException : EventSourcingException
{
    /// <summary>Reports the first use.</summary>
    /// <param name="commandId">The command id.</param>
    /// <param name="first">What the first append with this id stored.</param>
    public CommandIdConflictException(string commandId, AppendResult first)
        : base($"Nothing was written. Command id '{commandId}' was used with other content by the append that ended at position {first.LastPosition}. Use another id for another command.") =>
        (CommandId, First) = (commandId, first);

    /// <summary>The command id.</summary>
    public string CommandId { get; }

    /// <summary>What the first append with this id stored.</summary>
    public AppendResult First { get; }
}
