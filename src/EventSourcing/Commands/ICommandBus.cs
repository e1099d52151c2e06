namespace EventSourcing;

/// <summary>Sends commands to their handlers by type. A command changes something and answers with where it is stored; to ask, read. Thread-safe.</summary>
public interface ICommandBus
{
    /// <summary>Lets the command's handler decide and appends the outcome; decided anew when other appends come in between.</summary>
    /// <param name="command">The command.</param>
    /// <param name="options">Command id, demands on streams, actor and more; null for none. Without a fingerprint of its own a command with an id is recognised by its name and its JSON.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>What was stored; for a repeated command, what was stored the first time. Where nothing was to be done, no event, at the log's head.</returns>
    /// <exception cref="InvalidOperationException">The command's type has no handler.</exception>
    /// <exception cref="WrongExpectedVersionException">Other appends came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows, or a demand is not met.</exception>
    /// <exception cref="AppendConditionFailedException">Matching events came in between as often as <see cref="ExecuteOptions.MaxAttempts"/> allows.</exception>
    /// <exception cref="InvalidEventException">An event names no stream.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used for another command.</exception>
    ValueTask<AppendResult> SendAsync(object command, ExecuteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Lets several commands be decided one after another, each on what those before it did, and appends everything at once or nothing.</summary>
    /// <param name="commands">The commands in order; at least one.</param>
    /// <param name="options">Of all of them together; one command id stands for the whole.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>What was stored, as for one command.</returns>
    /// <exception cref="ArgumentException">There is no command.</exception>
    /// <exception cref="InvalidOperationException">A command's type has no handler.</exception>
    /// <exception cref="WrongExpectedVersionException">As for one command.</exception>
    /// <exception cref="AppendConditionFailedException">As for one command.</exception>
    /// <exception cref="InvalidEventException">An event names no stream.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used for other commands.</exception>
    ValueTask<AppendResult> SendTogetherAsync(IEnumerable<object> commands, ExecuteOptions? options = null, CancellationToken cancellationToken = default);
}
