using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Views.Building;

/// <summary>Reads and decodes events on one thread while another one folds them.</summary>
internal static class DecodedPages
{
    // Enough that neither side waits for single pages; each page has at most 1,024 events.
    private const int PagesAhead = 8;

    /// <summary>The pages of a read, ending at the head of its first one. Other processes may append meanwhile.</summary>
    internal static async IAsyncEnumerable<DecodedPage> ReadAsync(IEventLog log, EventCodec codec, AllRead read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = Channel.CreateBounded<DecodedPage>(new BoundedChannelOptions(PagesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var producer = Task.Run(() => ProduceAsync(log, codec, read, pages.Writer, stop.Token), CancellationToken.None);
        try
        {
            while (await pages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                while (pages.Reader.TryRead(out var page)) yield return page;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await producer.ConfigureAwait(false);
        }
    }

    private static async Task ProduceAsync(IEventLog log, EventCodec codec, AllRead read, ChannelWriter<DecodedPage> writer, CancellationToken cancellationToken)
    {
        try
        {
            for (var pages = new LogPages(read with { IncludeToken = true }); pages.Next is AllRead next;)
            {
                using var page = await log.ReadAsync(next, cancellationToken).ConfigureAwait(false);
                pages.Take(page);
                var events = Decode(page, codec, out var error);
                // An event that cannot be decoded, and what follows it, is not passed.
                var through = error is not null ? GlobalPosition.FromInt64(page.Events[events.Length].Position.ToInt64() - 1)
                    : page.IsLast ? next.ThroughPosition ?? page.Head : GlobalPosition.FromInt64(page.Next - 1);
                await writer.WriteAsync(new(events, through, page.Token, pages.Head), cancellationToken).ConfigureAwait(false);
                if (error is not null) throw error;
            }

            writer.Complete();
        }
        catch (Exception e)
        {
            // Thrown again by the reader, after the pages before it.
            writer.Complete(e);
        }
    }

    private static Envelopes[] Decode(LogPage page, EventCodec codec, out EventSerializationException? error)
    {
        var decoded = new Envelopes[page.Events.Length];
        for (var i = 0; i < decoded.Length; i++)
        {
            try
            {
                decoded[i] = codec.Read(page.Events[i]);
            }
            catch (EventSerializationException e)
            {
                error = e;
                return decoded[..i];
            }
        }

        error = null;
        return decoded;
    }
}
