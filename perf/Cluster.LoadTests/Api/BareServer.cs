using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;

namespace Cluster.LoadTests.Api;

/// <summary>
/// The least that a server on Kestrel can do for the same requests: TLS with a client's certificate, one handler, and bytes that it was given
/// before. It reads bodies and looks at nothing in them.
/// </summary>
/// <remarks>
/// <c>PUT /content/NAME</c> gives it the bytes; <c>POST</c> is answered with <c>object</c>, <c>GET</c> of a collection with <c>list</c>, with
/// <c>list-protobuf</c> where protobuf is asked for, and of anything else with <c>object</c>. A <c>PUT</c> of anything else makes an event: each watch
/// (<c>?watch=1</c>) is sent the bytes <c>event</c>, those that wait for it in one write.
/// </remarks>
internal sealed class BareServer
{
    private const string ContentPath = "/content/";
    private const int MaxContentBytes = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, byte[]> _contents = new();
    private long _events;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<int> RunAsync(string pki, int port, CancellationToken stop)
    {
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(Path.Combine(pki, "apiserver.crt"), Path.Combine(pki, "apiserver.key"));
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxContentBytes;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            kestrel.Listen(new IPEndPoint(IPAddress.Loopback, port), listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.AllowAnyClientCertificate();
            }));
        });
        await using WebApplication app = builder.Build();
        var server = new BareServer();
        app.Run(server.AnswerAsync);
        await HostingAbstractionsHostExtensions.RunAsync(app, stop);
        return 0;
    }

    private Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string path = request.Path.Value!;
        if (HttpMethods.IsGet(request.Method))
        {
            if (request.QueryString.Value!.Contains("watch=1", StringComparison.Ordinal)) return WatchAsync(context);
            if (!path.EndsWith("/pods", StringComparison.Ordinal)) return WriteAsync(context, "object");
            return WriteAsync(context, request.Headers.Accept.ToString().Contains("protobuf", StringComparison.Ordinal) ? "list-protobuf" : "list");
        }

        if (HttpMethods.IsPost(request.Method)) return ReadAndWriteAsync(context);
        return path.StartsWith(ContentPath, StringComparison.Ordinal) ? StoreAsync(context, path[ContentPath.Length..]) : ChangeAsync(context);
    }

    private Task WriteAsync(HttpContext context, string name)
    {
        byte[] content = _contents[name];
        context.Response.ContentLength = content.Length;
        return context.Response.BodyWriter.WriteAsync(content, context.RequestAborted).AsTask();
    }

    private async Task ReadAndWriteAsync(HttpContext context)
    {
        await ReadAsync(context);
        context.Response.StatusCode = StatusCodes.Status201Created;
        await WriteAsync(context, "object");
    }

    private async Task ChangeAsync(HttpContext context)
    {
        await ReadAsync(context);
        Interlocked.Increment(ref _events);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        await WriteAsync(context, "object");
    }

    private async Task StoreAsync(HttpContext context, string name)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        _contents[name] = body.ToArray();
    }

    private async Task WatchAsync(HttpContext context)
    {
        long seen = Interlocked.Read(ref _events);
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        while (!context.RequestAborted.IsCancellationRequested)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            long events = Interlocked.Read(ref _events);
            if (events == seen)
            {
                await changed.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            byte[] content = _contents["event"];
            for (; seen < events; seen++) context.Response.BodyWriter.Write(content);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    private static async ValueTask ReadAsync(HttpContext context)
    {
        while (true)
        {
            System.IO.Pipelines.ReadResult read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            if (read.IsCompleted)
            {
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                return;
            }

            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
