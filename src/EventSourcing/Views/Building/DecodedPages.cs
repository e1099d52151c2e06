using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Views.Building;

/// <summary>Reads events on one thread and decodes their pages on several, while another one folds them in order.</summary>
internal static class DecodedPages
{
    // Enough that neither side waits for single pages; each page has at most 1,024 events.
    private const int PagesAhead = 8;

    /// <summary>The pages of a read, ending at the head of its first one. Other processes may append meanwhile.</summary>
    internal static async IAsyncEnumerable<DecodedPage> ReadAsync(IEventLog log, EventCodec codec, AllRead read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = Channel.CreateBounded<Task<Decoded>>(new BoundedChannelOptions(PagesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var producer = Task.Run(() => ProduceAsync(log, codec, read, pages.Writer, stop.Token), CancellationToken.None);
        try
        {
            while (await pages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (pages.Reader.TryRead(out var decoding))
                {
                    var (page, error) = await decoding.ConfigureAwait(false);
                    yield return page;
                    if (error is not null) throw error;
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await producer.ConfigureAwait(false);
            while (pages.Reader.TryRead(out var decoding)) await ((Task)decoding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ProduceAsync(IEventLog log, EventCodec codec, AllRead read, ChannelWriter<Task<Decoded>> writer, CancellationToken cancellationToken)
    {
        try
        {
            for (var pages = new LogPages(read with { IncludeToken = true }); pages.Next is AllRead next && await writer.WaitToWriteAsync(cancellationToken).ConfigureAwait(false);)
            {
                var page = await log.ReadAsync(next, cancellationToken).ConfigureAwait(false);
                try
                {
                    pages.Take(page);
                }
                catch
                {
                    page.Dispose();
                    throw;
                }

                var head = pages.Head;
                // There is room, and no other writer takes it.
                writer.TryWrite(Task.Run(() => Decode(page, next.ThroughPosition, head, codec), CancellationToken.None));
            }

            writer.Complete();
        }
        catch (Exception e)
        {
            // Thrown again by the reader, after the pages before it.
            writer.Complete(e);
        }
    }

    /// <summary>Decodes a page and disposes it. An event that cannot be decoded ends the page before it.</summary>
    private static Decoded Decode(LogPage page, GlobalPosition? through, GlobalPosition head, EventCodec codec)
    {
        using (page)
        {
            var events = Decode(page, codec, out var error);
            var end = error is not null ? GlobalPosition.FromInt64(page.Events[events.Length].Position.ToInt64() - 1) : page.IsLast ? through ?? page.Head : GlobalPosition.FromInt64(page.Next - 1);
            return new(new(events, end, page.Token, head), error);
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

    private readonly record struct Decoded(DecodedPage Page, EventSerializationException? Error);
}
