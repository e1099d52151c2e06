namespace EventSourcing.Storage;

/// <summary>Which part of a write refused it.</summary>
public enum LogRefusalKind
{
    /// <summary>One of <see cref="LogWrite.Requirements"/> is not met.</summary>
    Requirement = 1,

    /// <summary>One of <see cref="LogWrite.Appends"/> is refused.</summary>
    Append = 2,

    /// <summary>One of <see cref="LogWrite.Changes"/> that may not be skipped found another revision than it expects.</summary>
    Change = 3,
}
