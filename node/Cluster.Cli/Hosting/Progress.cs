using System.Globalization;

namespace Cluster.Cli.Hosting;

/// <summary>A line a step, printed as it is done, with the time it took.</summary>
internal sealed class Progress(TextWriter output, TimeProvider time)
{
    public async Task<T> StepAsync<T>(string what, Func<Task<T>> step)
    {
        long begin = time.GetTimestamp();
        T result = await step();
        Print(what, time.GetElapsedTime(begin));
        return result;
    }

    public async Task StepAsync(string what, Func<Task> step)
    {
        long begin = time.GetTimestamp();
        await step();
        Print(what, time.GetElapsedTime(begin));
    }

    public void Say(string line) => output.WriteLine(line);

    private void Print(string what, TimeSpan took) => output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-52} ready ({took.TotalSeconds:0.0} s)"));
}
