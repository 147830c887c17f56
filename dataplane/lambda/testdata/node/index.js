exports.echo = async (event, context) => {
  console.log('said: ' + event.text);
  return { text: event.text, request: context.awsRequestId, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() > 0 };
};
exports.callback = (event, context, callback) => setTimeout(() => callback(null, { text: event.text }), 5);
exports.done = (event, context) => { context.succeed('done'); };
exports.silent = () => {};
exports.throws = async () => { throw new TypeError('no such luck'); };
exports.callbackError = (event, context, callback) => callback('Unauthorized');
exports.crash = () => new Promise(() => setTimeout(() => { throw new Error('later'); }, 1));
exports.exit = async () => process.exit(4);
exports.sleep = async () => new Promise((resolve) => setTimeout(resolve, 3600e3));
exports.stream = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'Content-Type': 'text/plain' } });
  stream.write('one ');
  stream.end('two');
});
exports.broken = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('one ');
  await new Promise((resolve) => setTimeout(resolve, 20));
  throw new Error('broke off');
});
