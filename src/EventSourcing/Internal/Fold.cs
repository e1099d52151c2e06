using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>A state on its way through the pages of a read. It ends where the log ended when the first page was read: later pages are later snapshots.</summary>
internal sealed class Fold<TState>(EventDecoder decoder, Func<TState, object, TState> apply, TState initial, long initialVersion, bool isStream)
{
    private TState _state = initial;
    private long _version = initialVersion;
    private GlobalPosition? _head;
    private long _generation;
    private bool _isPastHead;

    internal Folded<TState> Result => new(_state, _version, _head!.Value);

    internal bool Visit(in RecordedEvent e)
    {
        if (e.Position > _head)
        {
            _isPastHead = true;
            return false;
        }

        _state = apply(_state, decoder.Decode(e));
        _version = isStream ? e.Version : _version + 1;
        return true;
    }

    /// <summary>Told of each page after its events; true when there are no more to come.</summary>
    internal bool EndsWith(LogPage page)
    {
        if (_head is null) (_head, _generation) = (page.Head, page.Generation);
        else if (_generation != page.Generation) throw LogPages.OfAnotherGeneration();
        return _isPastHead || page.IsLast;
    }
}
