using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>Structured lines in a file of bounded size (when it is full it becomes NAME.1 and a new one begins) or, without a file, on stderr.</summary>
/// <remarks>Loggers hand lines to one writer through a bounded queue; when the disk cannot follow, lines are dropped, and how many is said; nobody waits.</remarks>
internal sealed class RollingFileLoggerProvider : ILoggerProvider
{
    private const long RollAtBytes = 16L << 20;

    // 4,096 lines of about 200 bytes: under a megabyte held when the disk stalls.
    private const int QueueLines = 4096;

    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(QueueLines) { SingleReader = true });

    private readonly ConcurrentDictionary<string, FileLogger> loggers = new();
    private readonly string? path;
    private readonly LogLevel minimum;
    private readonly TimeProvider time;
    private readonly Task writer;
    private int dropped;

    public RollingFileLoggerProvider(string? path, LogLevel minimum, TimeProvider time)
    {
        this.path = path;
        this.minimum = minimum;
        this.time = time;
        writer = WriteAsync();
    }

    public ILogger CreateLogger(string categoryName) => loggers.GetOrAdd(categoryName, name => new FileLogger(this, name));

    public void Dispose()
    {
        lines.Writer.TryComplete();
        // Dispose is the end of the process: the last lines are worth a short wait, a stuck disk is not.
        Task.WaitAny([writer], TimeSpan.FromSeconds(2));
    }

    private async Task WriteAsync()
    {
        StreamWriter? file = null;
        try
        {
            await foreach (string line in lines.Reader.ReadAllAsync())
            {
                try
                {
                    if (path is null)
                    {
                        await Console.Error.WriteLineAsync(line);
                        continue;
                    }

                    file ??= new StreamWriter(path, append: true);
                    if (file.BaseStream.Length > RollAtBytes)
                    {
                        await file.DisposeAsync();
                        File.Move(path, path + ".1", overwrite: true);
                        file = new StreamWriter(path, append: true);
                    }

                    if (Interlocked.Exchange(ref dropped, 0) is > 0 and var lost) await file.WriteLineAsync($"({lost} lines were dropped here)");
                    await file.WriteLineAsync(line);
                    if (!lines.Reader.TryPeek(out _)) await file.FlushAsync();
                }
                catch (IOException)
                {
                    // A full disk must not end the component that logs; the line is lost and the next is tried afresh.
                    Interlocked.Increment(ref dropped);
                    file = await CloseAsync(file);
                }
            }
        }
        finally
        {
            if (file is not null) await file.DisposeAsync();
        }
    }

    // What is still buffered goes with the file: closing may fail for the same reason as writing.
    private static async Task<StreamWriter?> CloseAsync(StreamWriter? file)
    {
        try
        {
            if (file is not null) await file.DisposeAsync();
        }
        catch (IOException)
        {
            // The disk is still full.
        }

        return null;
    }

    private sealed class FileLogger(RollingFileLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= provider.minimum && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            string text = formatter(state, exception).ReplaceLineEndings("\\n");
            string failure = exception is null ? "" : " error=\"" + exception.ToString().ReplaceLineEndings("\\n") + "\"";
            string line = string.Create(
                CultureInfo.InvariantCulture, $"{provider.time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} level={Level(logLevel)} component={category} msg=\"{text}\"{failure}");
            if (!provider.lines.Writer.TryWrite(line)) Interlocked.Increment(ref provider.dropped);
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
}
