namespace EventSourcing.LoadTests;
internal static class CallersWorkload { public static Task RunAsync(Settings s) => Task.CompletedTask; }
