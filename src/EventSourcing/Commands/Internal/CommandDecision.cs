using EventSourcing.Deciding;
using EventSourcing.Storage;

namespace EventSourcing.Commands;

/// <summary>The decision of one command, or of several that are sent together, by the commands' handlers.</summary>
internal sealed class CommandDecision(IEventStore store, CommandType[] types, object[] commands, ExecuteOptions options)
    : Decision<(AppendResult Result, int Attempts)>(store, options.TimeProvider)
{
    private CommandContext _context = null!;
    private int _attempts;

    internal override async ValueTask<Append?> DecideAsync(CancellationToken cancellationToken)
    {
        _attempts++;
        _context = new(Store, this);
        for (var i = 0; i < commands.Length; i++) await types[i].Handle(commands[i], _context, cancellationToken).ConfigureAwait(false);
        if (_context.Events.Count == 0 && options.CommandId is null) return null;
        var append = options.ToAppend();
        _context.Complete(append);
        return append;
    }

    internal override string? ConflictOf(EventSourcingException refusal) => _context.ConflictOf(refusal);

    internal override async ValueTask<(AppendResult Result, int Attempts)> NothingAsync(CancellationToken cancellationToken)
    {
        // The loaded head is a position without its event, so the token is not verified. A client does not need it to read its own write.
        var head = _context.LastHead is { } last ? ResumeToken.Unverified(last) : await Store.GetHeadTokenAsync(cancellationToken).ConfigureAwait(false);
        return (new(_context.LoadedStreams(), head.Position, head, wasDuplicate: false), _attempts);
    }

    internal override ValueTask<(AppendResult Result, int Attempts)> StoredAsync(AppendResult result, CancellationToken cancellationToken) => new((result, _attempts));

    internal override ValueTask<(AppendResult Result, int Attempts)> RecallAsync(AppendResult first, CancellationToken cancellationToken) => new((first, _attempts));
}
