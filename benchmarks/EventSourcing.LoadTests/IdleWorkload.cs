namespace EventSourcing.LoadTests;
internal static class IdleWorkload { public static Task RunAsync(Settings s) => Task.CompletedTask; }
