// Lets the reliability rigs drive a SqliteEventLog: requests on stdin, one a line; replies on stdout, each with the request's id.
using System.Collections.Concurrent;
using EventSourcing.RigAdapter;

var replies = new Replies(Console.OpenStandardOutput());
var settings = new Settings(args.Skip(1));
var subscriptions = new ConcurrentDictionary<string, CancellationTokenSource>();
RigLog? log = null;
if (args is [not "-", ..])
{
    try
    {
        log = RigLog.Open(args[0], settings);
    }
    catch (Exception e)
    {
        replies.Error("0", e);
        return 3;
    }
}

replies.Write("0 hello proto=1 caps=idempotent,any,subscribe,consume,open,check,checkpoint");
while (await Console.In.ReadLineAsync() is { } line)
{
    if (Request.Parse(line) is not { } request) continue;
    switch (request.Command)
    {
        // open and close come alone: nothing else is in flight.
        case "open" or "close":
            log = await ReopenAsync(request, log);
            break;
        case "unsubscribe":
            if (subscriptions.TryRemove(request.Text(0), out var stop)) await stop.CancelAsync();
            replies.Ok(request.Id);
            break;
        case "quit":
            if (log is not null) await log.DisposeAsync();
            replies.Ok(request.Id);
            return 0;
        default:
            var current = log;
            var token = request.Command is "subscribe" or "consume" ? (subscriptions[request.Id] = new()).Token : default;
            _ = Task.Run(() => AnswerAsync(request, current, token), CancellationToken.None);
            break;
    }
}

if (log is not null) await log.DisposeAsync();
return 0;

async Task<RigLog?> ReopenAsync(Request request, RigLog? old)
{
    try
    {
        if (old is not null) await old.DisposeAsync();
        var opened = request.Command == "open" ? RigLog.Open(request.Text(0), settings) : null;
        replies.Ok(request.Id);
        return opened;
    }
    catch (Exception e)
    {
        replies.Error(request.Id, e);
        return null;
    }
}

async Task AnswerAsync(Request request, RigLog? current, CancellationToken stop)
{
    try
    {
        if (current is null) replies.Write($"{request.Id} error closed no store");
        else if (!await current.AnswerAsync(request, replies, stop)) replies.Write($"{request.Id} error unknown-command {request.Command}");
    }
    catch (Exception e)
    {
        replies.Error(request.Id, e);
    }
}
