using System.Diagnostics;
using System.Globalization;
using EventSourcing.KillTest.Segments;

namespace EventSourcing.KillTest.Views;

/// <summary>The parent's end of a child process: what it says, and lines for it.</summary>
internal sealed class ViewsWorkerProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _said = NewSignal();
    private bool _isEnded, _isDisposed;

    internal ViewsWorkerProcess(string[] arguments, TimeSpan handler = default)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ViewsWorkerProcess).Assembly.Location, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (handler > TimeSpan.Zero) start.Environment[SlowHandler.Variable] = ((int)handler.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        _process = Process.Start(start)!;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Starts a process that appends and runs the view sets, and waits until it does.</summary>
    internal static async Task<ViewsWorkerProcess> StartAsync(string folder, TimeSpan handler = default)
    {
        var worker = new ViewsWorkerProcess(["viewing", folder], handler);
        await worker.WaitForAsync(0, "active");
        return worker;
    }

    /// <summary>The number of lines said so far.</summary>
    internal int Count
    {
        get
        {
            lock (_lock) return _lines.Count;
        }
    }

    internal IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    internal void Freeze() => Signals.Freeze(_process);

    internal void Thaw() => Signals.Thaw(_process);

    internal void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for a line that begins with one of some texts, after a number of lines.</summary>
    /// <exception cref="InvalidOperationException">The process has ended without it.</exception>
    /// <exception cref="TimeoutException">It was not said in two minutes.</exception>
    internal async Task<string> WaitForAsync(int after, params string[] beginnings)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            Task said;
            lock (_lock)
            {
                if (_lines.Skip(after).FirstOrDefault(line => beginnings.Any(b => line.StartsWith(b, StringComparison.Ordinal))) is { } found) return found;
                if (_isEnded) throw new InvalidOperationException($"The process has ended before it said '{beginnings[0]}': {string.Join(" | ", _lines.TakeLast(5))}");
                said = _said.Task;
            }

            try
            {
                await said.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"The process did not say '{beginnings[0]}': {string.Join(" | ", Lines.TakeLast(5))}", e);
            }
        }
    }

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    /// <summary>Ends it in order.</summary>
    internal async Task EndAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        if (_process.ExitCode != 0) throw new InvalidOperationException($"A process ended with {_process.ExitCode}.");
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line) Say(line, isEnd: false);
        Say(null, isEnd: true);
    }

    private void Say(string? line, bool isEnd)
    {
        TaskCompletionSource said;
        lock (_lock)
        {
            if (line is not null) _lines.Add(line);
            _isEnded = isEnd;
            (said, _said) = (_said, NewSignal());
        }

        said.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
