namespace EventSourcing;

/// <summary>Decides commands of one type.</summary>
/// <typeparam name="TCommand">The command: a plain record.</typeparam>
public interface ICommandHandler<in TCommand> where TCommand : notnull
{
    /// <summary>Decides a command. What it loads through the context is what the decision depends on; what it returns is appended.</summary>
    /// <param name="command">The command.</param>
    /// <param name="context">Loads states and models.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>New events, each with its stream (<see cref="EventData.For"/>), none to do nothing; throws to refuse, and the sender gets that exception. Has no other effect: it may run several times.</returns>
    Task<IEnumerable<object>> HandleAsync(TCommand command, CommandContext context, CancellationToken cancellationToken);
}
