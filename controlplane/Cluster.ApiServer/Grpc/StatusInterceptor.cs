using Cluster.Api;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Grpc;

/// <summary>The top of every gRPC call: whatever goes wrong inside reaches the client as a status with the Kubernetes Status in it.</summary>
internal sealed partial class StatusInterceptor(ILogger<StatusInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            throw Describe(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e)
        {
            throw Describe(e, context);
        }
    }

    private RpcException Describe(Exception e, ServerCallContext context)
    {
        switch (e)
        {
            case RpcException own:
                return own;
            case StatusException failure:
                return GrpcErrors.Exception(failure.Status);
            case InvalidOperationException when context.CancellationToken.IsCancellationRequested:
                // Written after the deadline had ended the call: the library says so by this.
            case OperationCanceledException when context.CancellationToken.IsCancellationRequested:
                // The client left, its deadline passed, or the server stops or gave up: the first two no longer hear this.
                return GrpcErrors.Exception(StatusErrors.Timeout("request did not complete within the allotted timeout").Status);
            default:
                LogPanic(e, context.Method);
                return GrpcErrors.Exception(StatusErrors.InternalError("this call caused the server to fail; the reason is in its log").Status);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed")]
    private partial void LogPanic(Exception e, string method);
}
