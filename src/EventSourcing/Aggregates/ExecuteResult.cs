namespace EventSourcing;

/// <summary>What came of an execution.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="State">The state after the decision's events; for a repeated command, as of the version recorded at the first time.</param>
/// <param name="Version">The stream's version that the state goes through; of a decision over a query, the number of events that the state is made of.</param>
/// <param name="Position">The position of the last event stored; the log's head when the decision was to do nothing.</param>
/// <param name="WasDuplicate">True when the command had been executed before: nothing was decided now.</param>
public readonly record struct ExecuteResult<TState>(TState State, long Version, GlobalPosition Position, bool WasDuplicate);
