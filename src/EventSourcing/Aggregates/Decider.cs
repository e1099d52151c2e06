namespace EventSourcing;

/// <summary>A pure decision and its fold, as three parts.</summary>
/// <typeparam name="TCommand">The command.</typeparam>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="Initial">The state before the first event.</param>
/// <param name="Decide">Command and state to the new events; throws to refuse. Has no other effect: it may run several times.</param>
/// <param name="Evolve">State and event to the next state. Never refuses.</param>
public sealed record Decider<TCommand, TState>(
    TState Initial,
    Func<TCommand, TState, IEnumerable<object>> Decide,
    Func<TState, object, TState> Evolve);
