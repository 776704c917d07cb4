using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Host;

/// <summary>Structured lines on stderr, as the rest of Cluster writes them: what a service manager and a container engine keep.</summary>
internal sealed class StderrLogs(LogLevel minimum, TimeProvider time) : ILoggerFactory
{
    private readonly Lock _lock = new();
    private readonly TextWriter _writer = Console.Error;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("lines go to stderr alone");

    public void Dispose()
    {
        lock (_lock) _writer.Flush();
    }

    private void Write(string line)
    {
        lock (_lock) _writer.WriteLine(line);
    }

    private sealed class Logger(StderrLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= logs.Minimum && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var text = formatter(state, exception).ReplaceLineEndings("\\n");
            var failure = exception is null ? "" : " error=\"" + exception.ToString().ReplaceLineEndings("\\n") + "\"";
            logs.Write(string.Create(CultureInfo.InvariantCulture, $"{logs.Now:yyyy-MM-ddTHH:mm:ss.fffZ} level={Level(logLevel)} component={category} msg=\"{text}\"{failure}"));
        }

        private static string Level(LogLevel level) => level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            _ => "error",
        };
    }

    private LogLevel Minimum => minimum;

    private DateTimeOffset Now => time.GetUtcNow();
}
