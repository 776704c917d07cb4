using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Api.CoreV1;

namespace Cluster.Cli.Demo;

/// <summary>Asks a service again and again, each time by a new connection, and shows how often each pod answered.</summary>
internal sealed class AnswerTable(Service service, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);
    private readonly SortedDictionary<string, int> answers = new(StringComparer.Ordinal);
    private readonly bool live = !Console.IsOutputRedirected;
    private int drawnLines;

    public async Task RunAsync(int requests, CancellationToken cancellationToken)
    {
        for (int sent = 0; (requests == 0 || sent < requests) && !cancellationToken.IsCancellationRequested; sent++)
        {
            string answer = await AskAsync(cancellationToken);
            answers[answer] = answers.GetValueOrDefault(answer) + 1;
            if (live) Draw();
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!live) Draw();
    }

    private async Task<string> AskAsync(CancellationToken cancellationToken)
    {
        var target = new IPEndPoint(IPAddress.Parse(service.Spec.ClusterIP), service.Spec.Ports[0].Port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return service.Spec.Ports[0].Protocol == "UDP" ? await AskUdpAsync(target, limit.Token) : await AskHttpAsync(target, limit.Token);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or IOException)
        {
            return "(no answer)";
        }
    }

    private async Task<string> AskHttpAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        string path = service.Metadata.Name == "guestbook" ? "/cgi-bin/guestbook" : "/";
        using var client = new TcpClient();
        await client.ConnectAsync(target, cancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\n\r\n"), cancellationToken);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        string response = await reader.ReadToEndAsync(cancellationToken);
        int body = response.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return body < 0 ? "(no answer)" : response[(body + 4)..].Split('\n')[0].Replace("served by ", "", StringComparison.Ordinal).Trim();
    }

    private static async Task<string> AskUdpAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        using var client = new UdpClient();
        client.Connect(target);
        await client.SendAsync("hello\n"u8.ToArray(), cancellationToken);
        return Encoding.ASCII.GetString((await client.ReceiveAsync(cancellationToken)).Buffer).Split(' ')[0].Trim();
    }

    private void Draw()
    {
        var text = new StringBuilder();
        // On a terminal the table is drawn over itself: up by the lines of the last drawing, each line cleared to its end.
        if (live && drawnLines > 0) text.Append($"\x1b[{drawnLines}A");
        string clear = live ? "\x1b[K" : "";
        text.AppendLine($"{"pod",-40} answers{clear}");
        foreach ((string pod, int count) in answers) text.AppendLine($"{pod,-40} {count,7}{clear}");
        drawnLines = answers.Count + 1;
        output.Write(text);
        output.Flush();
    }
}
