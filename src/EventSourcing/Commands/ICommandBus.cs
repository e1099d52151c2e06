namespace EventSourcing;

/// <summary>Sends commands to their handlers by type. A command changes something, and the result says where its events are stored; queries are reads. Thread-safe.</summary>
public interface ICommandBus
{
    /// <summary>Whether commands of a type have a handler.</summary>
    /// <param name="command">The command's CLR type, exactly.</param>
    bool Handles(Type command);

    /// <summary>Lets the command's handler decide and appends the outcome; decides again when other appends come in between.</summary>
    /// <param name="command">The command.</param>
    /// <param name="options">Command id, conditions on streams, metadata and more; null for none. Where the options have no fingerprint, a command with an id is identified by its name and its JSON.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The result of the append; for a repeated command, that of the first time. Where the handler returned no event, the result has none, at the log's head, and its streams are those that the handler loaded: <see cref="AppendResult.Version"/> is the version of the first of them.</returns>
    /// <exception cref="InvalidOperationException">The command's type has no handler.</exception>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows, or a condition is not met.</exception>
    /// <exception cref="AppendConditionFailedException">Matching events came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="InvalidEventException">An event names no stream, or is a sequence of events or a task.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used for another command.</exception>
    ValueTask<AppendResult> SendAsync(object command, ExecuteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Decides several commands in order, each on the outcome of those before it, and appends all their events or none.</summary>
    /// <param name="commands">The commands in order; at least one.</param>
    /// <param name="options">For all of them together; one command id stands for the whole.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The result of the append, as for one command.</returns>
    /// <exception cref="ArgumentException">There is no command.</exception>
    /// <exception cref="InvalidOperationException">A command's type has no handler.</exception>
    /// <exception cref="WrongExpectedVersionException">As for one command.</exception>
    /// <exception cref="AppendConditionFailedException">As for one command.</exception>
    /// <exception cref="InvalidEventException">An event names no stream, or is a sequence of events or a task.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used for other commands.</exception>
    ValueTask<AppendResult> SendTogetherAsync(IEnumerable<object> commands, ExecuteOptions? options = null, CancellationToken cancellationToken = default);
}
